/* Sessions under random load: storages that answer late and in any order, hooks and wrappers that
 * refuse, operations that the program submits from every callback, cancels, and an end at any time.
 * What was opened is closed once, every request is answered once, no operation overtakes one that
 * it could notice, and in the end nothing is left. */
#ifndef STRESS_H
#define STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "sallyport/fs.h"

/* ---- Random numbers (dice.c) ---- */

/* Several threads throw them: the seed decides what each thread draws. */
struct dice {
    uint64_t seed;
    _Atomic uint32_t threads; /* that have drawn so far, except the first */
    struct slice input;       /* what is left of it */
};

/* By the first thread. While there is input (of a fuzzer), it is drawn from instead: for sessions
 * in steps. */
void dice_init(struct dice *d, uint64_t seed, struct slice input);
uint32_t dice_below(struct dice *d, uint32_t bound);
bool dice_one_in(struct dice *d, uint32_t count);
bool dice_percent(struct dice *d, uint32_t probability);

/* ---- Late answers (late.c) ---- */

#define LATE_MAX     256
#define LATE_THREADS 2

struct late_op {
    sally_op *op;
    void *owner;         /* as added */
    sally_status status; /* as added */
};

/* Operations whose answers are due. */
struct late {
    pthread_mutex_t lock;
    pthread_cond_t there;
    struct late_op ops[LATE_MAX];
    uint32_t count, thread_count;
    bool stop;
    pthread_t threads[LATE_THREADS];
    struct dice *dice;
    void (*answer)(void *user_data, const struct late_op *late); /* calls sally_op_finish() */
    void *user_data;
};

/* With `threads`, LATE_THREADS of them answer in any order; without, late_answer_one() does. */
void late_start(struct late *l, bool threads, struct dice *dice,
                void (*answer)(void *user_data, const struct late_op *late), void *user_data);
bool late_add(struct late *l, struct late_op op); /* false: full, answer it now */
bool late_answer_one(struct late *l);             /* any of them; false: there is none */
void late_stop(struct late *l);                   /* answers what is left */

/* ---- The kinds of session ---- */

/* In steps, all happens in the caller's thread, and the same seed and input do the same again; with
 * threads, the system's scheduler has a part in it. */
struct stress_run {
    uint64_t seed;
    struct slice input; /* see dice_init() */
    bool threads;
};

/* Each runs one session and returns the number of its operations. */
uint64_t session_stress(const struct stress_run *run);
uint64_t sftp_stress(const struct stress_run *run);

/* A rule was broken: prints how and aborts. */
_Noreturn void stress_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
