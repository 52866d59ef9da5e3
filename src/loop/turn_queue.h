/* Turns among the members of a loop. Those with the same owner, a user or an address, have one
 * place in the queue, however many they are: they have their turn one after the other until it is
 * over, and those that have not been reached go on first in the next one. */
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
/* Each place has one turn. True: somebody had one; `*was_cut`: and could have gone on. */
bool turn_queue_run(struct turn_queue *queue, bool *was_cut);

/* For loop.c: the member has joined, wants a turn, is about to leave. */
void turn_place_init(struct turn_place *place);
void turn_queue_add(struct turn_queue *queue, struct loop_member *m);
void turn_queue_remove(struct turn_queue *queue, struct loop_member *m);
/* The member belongs to `owner` from now on, which only tells places apart, but must exist as long
 * as that is so; NULL: to itself alone. If memory is short, it is alone, too. */
void turn_queue_set_owner(struct turn_queue *queue, struct loop_member *m, const void *owner);

#endif
