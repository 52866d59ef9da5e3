/* Something that lives on a loop: a connection, a listener, a data connection. It gets a turn when
 * it has asked for one, may have a deadline, and is notified when the loop is to end; the loop
 * waits for it. */
#ifndef SALLY_LOOP_MEMBER_H
#define SALLY_LOOP_MEMBER_H

#include <stdbool.h>

#include "base/list.h"
#include "loop/deadlines.h"
#include "loop/turn_queue.h"

struct loop;
struct loop_member;

struct loop_member_methods {
    void (*turn)(struct loop_member *m);            /* NULL: never asks for one */
    void (*due)(struct loop_member *m);             /* its deadline has passed; NULL: it has none */
    void (*drain)(struct loop_member *m, bool now); /* the loop is to end: leave it once there is
                                                       nothing left to do; if `now`, at once */
};

/* Touched on the loop's thread only. May be freed once it has left. */
struct loop_member {
    const struct loop_member_methods *methods;
    struct loop *loop; /* NULL: has not joined one */
    struct list all, ready;
    struct turn_place *place, own_place;
    struct deadline deadline;
};

void loop_member_init(struct loop_member *m, const struct loop_member_methods *methods);
/* False: out of memory for its deadline, and it has not joined. */
bool loop_join(struct loop *loop, struct loop_member *m);
/* Does nothing if it has not joined. */
void loop_leave(struct loop_member *m);
/* Asks for a turn, soon and once. */
void loop_member_make_ready(struct loop_member *m);
/* The member shares turns with the others of this user or address (turn_queue.h); NULL: it has its
 * own. */
void loop_member_set_owner(struct loop_member *m, const void *owner);
/* DEADLINE_NONE: removes the deadline. */
void loop_member_set_deadline(struct loop_member *m, uint64_t at_ns);

#endif
