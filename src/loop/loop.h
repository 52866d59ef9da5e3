/* A libuv loop on a thread of its own (or, in pump mode, in the program's), with the members that
 * live on it. A member's data is touched on its loop only. Whatever comes from other threads goes
 * through the inbox.
 *
 * After every round of events the loop settles: it collects what has come home, gives a turn to
 * each user whose members have asked for one, and only then hands the resulting operations to the
 * workers, all at once. If turns end with work left, the loop polls its sockets and timers before
 * it goes on; not after each turn, since with thousands of sockets that would take longer than the
 * turns do. */
#ifndef SALLY_LOOP_LOOP_H
#define SALLY_LOOP_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "loop/deadlines.h"
#include "loop/inline_budget.h"
#include "loop/member.h"
#include "loop/task.h"
#include "loop/turn_queue.h"
#include "sallyport/error.h"

struct op;
struct workers;

/* Polling the sockets. */
struct look {
    uint64_t began_ns; /* 0: with nothing left to do, so that it waited */
    uint64_t ended_ns;
    uint64_t pause_ns; /* how long the loop works before it polls again, if there is work left */
    uint32_t rounds;   /* of turns since then that left work */
};

struct loop {
    struct workers *workers; /* NULL: operations are run on the loop itself */

    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t timer;
    uv_timer_t wait; /* pump mode: how long the caller is willing to wait */
    uv_prepare_t prepare;
    uv_check_t check;
    uint64_t timer_at_ns; /* when the timer fires; DEADLINE_NONE: it does not */
    struct look look;
    bool watchers_changed; /* changed since the last uv_run(), so the backend's descriptor does not
                            * include it */

    _Atomic bool is_entered; /* `thread` is inside the loop */
    _Atomic(pthread_t) thread;

    pthread_mutex_t inbox_lock;
    struct list inbox_ops;   /* struct op: on their way home */
    struct list inbox_long;  /* struct op, by long_link: to be continued, if there are no workers */
    struct list inbox_tasks; /* struct task */
    bool is_signalled;       /* the loop will look at its inbox */

    struct list tasks;    /* struct task: taken from the inbox, but not run yet */
    struct list outbox;   /* struct op, for the workers */
    struct list long_ops; /* from inbox_long */
    struct turn_queue turns;
    struct list members;
    struct deadlines deadlines;
    _Atomic uint32_t load; /* for distributing work among loops; a draining loop ends at 0 */
    struct inline_budget inline_budget;
    bool is_draining; /* ends once it has no members */
    bool is_finished;
    uint64_t grace_end_ns;
    struct deadline grace;
};

sally_error loop_init(struct loop *loop);
/* It has finished, or never ran. */
void loop_clear(struct loop *loop);

/* On a thread of its own: returns once it has finished. */
void loop_run(struct loop *loop);
/* Pump mode: one round, waiting at most `timeout_ms` (-1: until something happens). */
void loop_pump(struct loop *loop, int timeout_ms);
/* Whether the caller is on the loop's thread, inside it. */
bool loop_is_here(struct loop *loop);

/* Any thread. Never fail, never allocate. */
void loop_give_task(struct task *task); /* to task->loop: home() is called there */
void loop_give_op(struct loop *loop, struct op *op);
void loop_give_long_op(struct loop *loop, struct op *op); /* session_run_long() is called there */

/* On the loop's thread: */
void loop_offload(struct loop *loop, struct op *op);
/* Makes its members leave, by `grace_end_ns` at the latest, and then finishes. */
void loop_drain(struct loop *loop, uint64_t grace_end_ns);

uint64_t loop_now_ns(void);

#endif
