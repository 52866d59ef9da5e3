/* One of the server's loops: a libuv loop on a thread of its own (or, in pump mode, in the
 * program's), with the connections that live on it. All that belongs to a connection is touched on
 * its loop only. What comes from elsewhere goes through the inbox.
 *
 * After every round of events the loop settles: it takes in what has come home, gives each
 * connection that has something to do its turn, and only then hands the operations that these
 * brought forth to the workers, all at once. */
#ifndef SALLY_SERVER_LOOP_H
#define SALLY_SERVER_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "sallyport/error.h"
#include "server/deadlines.h"
#include "server/stalled.h"
#include "server/sweep.h"
#include "server/task.h"

struct conn;
struct op;

struct loop {
    struct sally_server *server;
    uint32_t index;

    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t timer;
    uv_timer_t wait; /* pump mode: the caller's patience */
    uv_prepare_t prepare;
    uv_check_t check;
    uint64_t timer_at_ns;  /* when the timer fires; DEADLINE_NONE: it does not */
    bool watchers_changed; /* since the last uv_run(): the backend's descriptor does not know yet */

    _Atomic bool is_entered; /* `thread` is inside */
    _Atomic(pthread_t) thread;
    bool has_thread;  /* started by us, */
    pthread_t joined; /* and this is it: for whoever started the server */

    pthread_mutex_t inbox_lock;
    struct list inbox_ops;   /* struct op */
    struct list inbox_tasks; /* struct task */
    bool is_signalled;       /* the loop will look at its inbox */

    struct list outbox; /* struct op, for the workers */
    struct list ready;  /* struct conn, for a turn */
    struct list conns;
    struct deadlines deadlines;
    _Atomic uint32_t load; /* connections on this loop, or on their way to it */
    uint64_t job_ns;       /* what a key exchange job took lately */
    uint64_t inline_ns;    /* spent on such jobs in this round */
    bool is_draining;      /* ends when there is no connection any more */
    bool is_finished;
    struct task drain;    /* has the loop look at the server's grace_end_ns */
    bool is_drain_queued; /* under the server's lock */
    uint64_t grace_end_ns;
    struct deadline grace;
    struct sweep sweep;

    /* Under the server's lock, see stalled.c. */
    struct task look;
    bool is_look_queued;
    bool is_over; /* it will not run again */
    struct stalled stalled;
};

sally_error loop_new(struct loop **out, struct sally_server *server, uint32_t index);
/* It has finished, or never ran. */
void loop_free(struct loop *loop);

/* Its own thread: runs until it has finished. */
void loop_run(struct loop *loop);
/* Pump mode: one round, waiting at most `timeout_ms` (-1: until something happens). */
void loop_pump(struct loop *loop, int timeout_ms);
/* Whether the caller is on the loop's thread, inside it. */
bool loop_is_here(struct loop *loop);

/* Any thread. Never fail, never allocate. */
void loop_give_task(struct task *task); /* to task->loop: home() is called there */
void loop_give_op(struct loop *loop, struct op *op);

/* On the loop's thread: */
void loop_offload(struct loop *loop, struct op *op);
void loop_drain(struct loop *loop, uint64_t grace_end_ns); /* shut down */
/* Moves a deadline; the timer follows. */
void loop_set_deadline(struct loop *loop, struct deadline *deadline, uint64_t at_ns);

uint64_t loop_now_ns(void);

#endif
