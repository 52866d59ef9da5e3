/* Turns among the members of a loop. All members with the same owner, a user or an address, share
 * one place in the queue: they run one after the other until its turn is over, and the next turn
 * begins with those that have not run. */
#ifndef SALLY_LOOP_TURN_QUEUE_H
#define SALLY_LOOP_TURN_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/turn.h"

struct loop_member;

#define TURN_QUEUE_BUCKETS 256

/* One owner's place in the queue. */
struct turn_place {
    struct list link;  /* the queue's; in none while no member is ready */
    struct list ready; /* struct loop_member */
    const void *owner; /* NULL: the place of a single member */
    uint32_t members;
    struct turn_place *next; /* in its bucket */
};

struct turn_queue {
    struct list places; /* struct turn_place: those with ready members, in their order */
    struct turn_place *owned[TURN_QUEUE_BUCKETS];
    struct turn turn; /* the current one */
};

void turn_queue_init(struct turn_queue *queue, uint64_t (*now_ns)(void));
/* Gives each place one turn. True: a member ran; `*was_cut`: a turn ended with work left. */
bool turn_queue_run(struct turn_queue *queue, bool *was_cut);

/* For loop.c: when a member joins, wants a turn, or is about to leave. */
void turn_place_init(struct turn_place *place);
void turn_queue_add(struct turn_queue *queue, struct loop_member *m);
void turn_queue_remove(struct turn_queue *queue, struct loop_member *m);
/* From now on the member belongs to `owner`, a pointer that is only compared, to an object that
 * must exist for as long. NULL, or no memory: the member has a place of its own. */
void turn_queue_set_owner(struct turn_queue *queue, struct loop_member *m, const void *owner);

#endif
