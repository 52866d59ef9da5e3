/* The kinds of work that a pool does, and how many threads each may have. No kind has priority over
 * another: all that have work get threads in turn. */
#ifndef SALLY_LOOP_WORK_H
#define SALLY_LOOP_WORK_H

#include <stdbool.h>
#include <stdint.h>

enum work {
    WORK_OPS,        /* struct op: operations of sessions, each in its host's lane */
    WORK_LONG_OPS,   /* struct op: those that take long, done in pieces (op_is_long()) */
    WORK_TASKS,      /* struct task: computations for connections that are logged in */
    WORK_KEX,        /* struct task, before login, like all below: cheap key exchanges */
    WORK_COSTLY_KEX, /* key exchanges modulo large primes, which cost the client very little */
    WORK_KEYS,       /* logins by key, and all other queries about logins */
    WORK_PASSWORDS,  /* logins by password, slow on purpose */
    WORK_COUNT
};
#define WORK_FIRST_UNAUTHENTICATED WORK_KEX

struct work_threads {
    uint32_t max_sessions;        /* on WORK_OPS and WORK_LONG_OPS together */
    uint32_t max_unauthenticated; /* on WORK_KEX and those after it together */
    uint32_t max[WORK_COUNT];
    uint32_t running[WORK_COUNT];
};

/* Whether work of this kind may have one more thread. One thread is kept for each kind of work
 * before login, as long as there are that many threads. */
bool work_may_start(const struct work_threads *threads, enum work kind);

#endif
