/* Decides whose operation runs next: groups take turns, the lanes of a group take turns, and
 * neither a lane nor a group gets more than its share of the workers. The server has a lane for
 * each connection and a group for each user. Operations that a user leaves behind in a storage that
 * does not answer count until it does, even when the connection is gone: a user who keeps
 * reconnecting cannot hold more threads than one who stays connected.
 *
 * Long operations wait in queues of their own with limits of their own, so that they neither hold
 * up the others nor count as them.
 *
 * Guarded by the pool that owns it. */
#ifndef SALLY_LOOP_LANES_H
#define SALLY_LOOP_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/* The queues of long operations, and of the others. */
#define LANE_QUEUES 2

/* The lanes that share one part of the workers. Embedded in the object that represents the user. */
struct lane_group {
    struct lane_group_queue {
        struct list link;  /* among those that may have a thread now */
        struct list lanes; /* those of its lanes that may have a thread now: struct lane_queue */
        uint32_t running;
    } queues[LANE_QUEUES];
    uint32_t abandoned; /* lanes whose client is gone while operations still run */
    /* A lane has been freed: each lane holds a reference to the object that contains the group. */
    void (*release)(struct lane_group *group);
};

struct lane {
    struct lane_queue {
        struct list link;  /* among those of its group that may have a thread now */
        struct list items; /* operations, in order */
        uint32_t running;
        struct lane *lane;
    } queues[LANE_QUEUES];
    struct lane_group *group;
    bool is_abandoned;
    bool is_closed; /* freed once nothing is running */
};

struct lanes {
    struct list ready[LANE_QUEUES]; /* struct lane_group_queue: those that may have a thread now */
    uint32_t max_lane, max_group[LANE_QUEUES];
};

/* An operation that has a thread. */
struct lane_turn {
    struct list *item;
    struct lane *lane;
    bool is_long;
};

void lane_group_init(struct lane_group *group, void (*release)(struct lane_group *group));

void lanes_init(struct lanes *lanes, uint32_t max_lane, uint32_t max_group,
                uint32_t max_group_long);

/* Whether the group has left so many operations behind that a new lane would only wait. */
bool lanes_are_jammed(const struct lanes *lanes, const struct lane_group *group);
/* NULL: out of memory. */
struct lane *lane_new(struct lane_group *group);
/* The client has disconnected. */
void lane_abandon(struct lane *lane);
/* Nothing is waiting in it; operations may still be running. Returns the group whose release() must
 * be called once the pool's lock has been released; NULL: operations are still running. */
struct lane_group *lane_leave(struct lane *lane);

void lanes_add(struct lanes *lanes, struct lane *lane, bool is_long, struct list *item);
/* A long operation that has begun, and done a piece, comes before the others of its lane: until it
 * ends it holds memory and descriptors, so no more may have begun than have threads. */
void lanes_resume(struct lanes *lanes, struct lane *lane, struct list *item);
/* Whether lanes_pop() has an operation to return. */
bool lanes_are_ready(const struct lanes *lanes, bool is_long);
struct lane_turn lanes_pop(struct lanes *lanes, bool is_long);
/* Returns the same as lane_leave(). */
struct lane_group *lanes_done(struct lanes *lanes, const struct lane_turn *turn);

#endif
