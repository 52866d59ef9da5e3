/* A try to log in inside the library: what the authenticator sees (sally_auth_request, the first
 * member), and what it answers. Made by the server from an engine's query; run on a worker;
 * delivered back to the connection's loop. */
#ifndef SALLY_AUTH_REQUEST_H
#define SALLY_AUTH_REQUEST_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/login_query.h"
#include "sallyport/auth.h"

struct auth_setting {
    struct auth_setting *next;
    char *name, *value;
};

struct auth_request {
    sally_auth_request pub; /* must be first */
    sally_auth *auth;       /* held */
    bool may_try;           /* asks may_try_key instead of authenticate */
    bool strict_modes;      /* setting "auth.strict_modes" */

    /* Any thread: have the request's result looked at on its home thread. Never fails, never
     * allocates; may use `link`. */
    void (*wake)(struct auth_request *request);
    void *owner;
    struct list link;

    /* Any thread: have auth_request_run() called again where it may block: the first of a chain
     * rejected late, and the next one is to be asked. Never fails; may use `link`. NULL: the next
     * one is asked in the thread that called sally_auth_finish(). */
    void (*offload)(struct auth_request *request);

    /* Checks a setting's name and value before sally_auth_set() keeps it; NULL: all are kept. */
    sally_error (*check_setting)(const char *name, const char *value);

    /* The answer: */
    sally_auth_result result;
    uint32_t methods_next; /* PARTIAL */
    sally_fs *fs;          /* ACCEPT; held */
    char *root, *home;     /* NULL: "/" */
    uint32_t permissions;
    struct auth_setting *settings;
    struct login_prompt prompts[LOGIN_PROMPTS_MAX];
    uint32_t prompt_count;
    char *prompt_name, *prompt_instruction;
    char *banner;
    const char *reason; /* REJECT: why, for the log; static; NULL when nobody said */
    char *fault;        /* for the operator: what to fix; NULL: nothing */

    /* While it runs: */
    _Atomic uint32_t handoff;      /* finish against return, as with operations */
    sally_auth_result late_result; /* what sally_auth_finish() brought */
    uint32_t leaf;                 /* which one of a chain is asked */
    struct chain_state *chain;
    bool failed; /* part of the answer was lost for want of memory: it must not count */
};

/* NULL when memory is short. Texts of pub are the caller's and must outlive the request. */
struct auth_request *auth_request_new(sally_auth *auth);
/* Asks the authenticator, on a thread that may block. True: result is there. False: it is pending;
 * wake() comes once, perhaps before this returned, and the request must not be touched until then.
 */
bool auth_request_run(struct auth_request *request);
/* For authenticators: why they reject. */
void auth_request_set_reason(sally_auth_request *request, const char *reason);
/* For authenticators: tells the operator what to fix; copied. Lost if memory is short. */
void auth_request_set_fault(sally_auth_request *request, const char *text);
/* For authenticators: whether files that others could have changed are refused. */
bool auth_request_is_strict(const sally_auth_request *request);
/* Clears everything answered so far except the banner and the fault. */
void auth_request_reset_answer(struct auth_request *request);
void auth_request_free(struct auth_request *request);

/* The methods to offer, as a mask. */
uint32_t auth_offered(sally_auth *auth, sally_auth_request *request);
/* Frees request state kept between tries. */
void auth_forget(sally_auth *auth, void *state);

#endif
