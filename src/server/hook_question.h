/* Questions to the program's hooks about a connection, which may be answered late and from any
 * thread: one at a time. The sets of hooks are called in order of registration, until one returns
 * something other than SALLY_CONTINUE. */
#ifndef SALLY_SERVER_HOOK_QUESTION_H
#define SALLY_SERVER_HOOK_QUESTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/task.h"
#include "sallyport/hooks.h"

struct conn;

struct hook_question_kind {
    /* Calls one set. SALLY_CONTINUE also if it has no such hook. */
    sally_status (*ask)(const sally_hooks *set, struct conn *c, const void *argument);
    /* The late answer, at home; once for each question that hook_question_ask() has left open. The
     * connection may have ended. */
    void (*answered)(struct conn *c, void *argument, sally_status status);
};

/* All zero at first. */
struct hook_question {
    _Atomic uint64_t state; /* its phase, and the answer if there is one */
    const struct hook_question_kind *kind;
    void *argument;
    size_t next;      /* set to be asked */
    struct task task; /* brings a late answer home */
};

/* The answer; SALLY_PENDING: kind->answered() will be called, and the connection stays on its loop
 * until then. At home, when no question is open. */
sally_status hook_question_ask(struct conn *c, const struct hook_question_kind *kind,
                               void *argument);
/* The connection is over: the answer no longer counts. At home. */
void hook_question_void(struct conn *c);
/* Whether an answer is awaited, or was when the connection ended. At home. */
bool hook_question_is_open(const struct conn *c);

/* Whether an answer permits the request. */
static inline bool answer_allows(sally_status status)
{
    return status == SALLY_CONTINUE || status == SALLY_OK;
}

#endif
