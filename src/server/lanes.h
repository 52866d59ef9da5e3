/* Whose operation is next: connections of one user take turns, users take turns, and neither a
 * connection nor a user has more than its share of the workers. What a user leaves behind in a
 * storage that does not come back counts until it does, also when the connection is gone: whoever
 * connects again and again cannot hold more threads than whoever stays.
 *
 * Guarded by the pool that owns it. */
#ifndef SALLY_SERVER_LANES_H
#define SALLY_SERVER_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define LANES_BUCKETS 1024

struct lane_user;

/* A connection's operations, in their order. */
struct lane {
    struct list link;  /* among those of its user that may have a thread now */
    struct list items; /* struct op */
    uint32_t running;
    struct lane_user *user; /* NULL: nobody is logged in */
    bool is_left;           /* the client is gone, and its operations are not */
};

struct lanes {
    struct list ready; /* struct lane_user: those that may have a thread now */
    uint32_t max_connection, max_user;
    struct lane_user *buckets[LANES_BUCKETS];
};

/* An operation that has a thread. */
struct lane_turn {
    struct list *item;
    struct lane *lane;
    struct lane_user *user;
};

void lane_init(struct lane *lane);

void lanes_init(struct lanes *lanes, uint32_t max_connection, uint32_t max_user);
void lanes_clear(struct lanes *lanes);

/* The connection of `lane` is this user's from now on. NULL: done; else what is in the way: memory,
 * or that this user has left too much behind already. */
const char *lanes_enter(struct lanes *lanes, struct lane *lane, const char *user);
/* Its client is gone. */
void lanes_abandon(struct lane *lane);
/* Nothing waits in it any more; something may run still. */
void lanes_leave(struct lanes *lanes, struct lane *lane);

void lanes_add(struct lanes *lanes, struct lane *lane, struct list *item);
/* Whether lanes_take() has something. */
bool lanes_want(const struct lanes *lanes);
struct lane_turn lanes_take(struct lanes *lanes);
void lanes_done(struct lanes *lanes, const struct lane_turn *turn);

#endif
