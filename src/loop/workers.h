/* Threads for everything that may wait: storages and hooks, key exchange computations,
 * authenticators. The pool grows while there is work and no free thread, up to its limits, and
 * shrinks when there is none. Work for clients that have not logged in has its own limit, and
 * cannot take threads from sessions. Each kind of work has its bounds (work.h); within a kind,
 * users and addresses take turns (lanes.h, shares.h). */
#ifndef SALLY_LOOP_WORKERS_H
#define SALLY_LOOP_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "loop/lanes.h"
#include "loop/shares.h"
#include "loop/task.h"
#include "loop/work.h"

struct op;

struct workers_options {
    uint32_t max_sessions;        /* threads on WORK_OPS and WORK_LONG_OPS */
    uint32_t max_long_ops;        /* of these, on WORK_LONG_OPS */
    uint32_t max_lane;            /* of these, for operations of one lane (a connection) */
    uint32_t max_group;           /* of these, for operations of one group (a user) */
    uint32_t max_group_long;      /* of these, on WORK_LONG_OPS */
    uint32_t max_tasks;           /* threads on WORK_TASKS */
    uint32_t max_unauthenticated; /* threads for clients that have not logged in */
    uint32_t max_costly_kex;      /* of these, on WORK_COSTLY_KEX */
    uint32_t max_passwords;       /* of these, on WORK_PASSWORDS */
    size_t stack;
};

struct workers;

/* NULL: out of memory. Threads start with the first work. */
struct workers *workers_new(const struct workers_options *options);
/* To be called when all work is done and no more will come. Not from a worker. */
void workers_free(struct workers *w);

/* Adds a lane to the group: see lanes.h. Each lane holds a reference to the group's owner;
 * release() is called once per lane, outside the pool's lock. NULL: `obstacle` says why there is no
 * lane, and nothing is held. Any thread. */
struct lane *workers_enter(struct workers *w, struct lane_group *group, const char **obstacle);
void workers_abandon(struct workers *w, struct lane *lane);
void workers_leave(struct workers *w, struct lane *lane);

/* Adds a whole list of struct op, by their links. Any thread. Never fails: if there is no thread
 * and none can be started, the work is done before this returns. */
void workers_give_ops(struct workers *w, struct list *ops);
/* The same for an operation that op_resume_later() was called for: see lanes_resume(). */
void workers_resume(struct workers *w, struct op *op);
/* The same for a task of any other kind. `share`: its owner's; it must exist until the task has
 * gone home. NULL: the server's own. */
void workers_give_task(struct workers *w, enum work kind, struct share *share, struct task *task);

/* Whether the caller is a worker thread. */
bool workers_is_here(struct workers *w);
uint32_t workers_thread_count(struct workers *w);

#endif
