/* A login attempt inside the library: what the authenticator sees (sally_auth_request, the first
 * member), and what it answers. Made by the server from an engine's query; run on a worker;
 * delivered back to the connection's loop. */
#ifndef SALLY_AUTH_REQUEST_H
#define SALLY_AUTH_REQUEST_H

#include "auth/asked.h"
#include "base/list.h"
#include "base/login_query.h"

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

    /* Any thread: have auth_request_run() called again where it may block: one authenticator that
     * another has asked answered late, and the other continues. Never fails; may use `link`. NULL:
     * it continues in the thread that called sally_auth_finish(). */
    void (*offload)(struct auth_request *request);

    /* Any thread: whether the client is gone. NULL: it is not. */
    bool (*is_cancelled)(const struct auth_request *request);

    /* Checks a setting's name and value before sally_auth_set() keeps it; NULL: all are kept. */
    sally_error (*check_setting)(const char *name, const char *value);

    /* What is kept between the attempts of a connection; NULL at first. Owned: the code that keeps
     * it for the next attempt takes it. */
    struct asked *asked;

    /* The answer: */
    sally_auth_result result;
    uint32_t methods_next; /* PARTIAL */
    struct auth_answer answer;
    struct login_prompt prompts[LOGIN_PROMPTS_MAX];
    uint32_t prompt_count;
    char *prompt_name, *prompt_instruction;
    char *banner;
    const char *reason; /* REJECT: why, for the log; static; NULL: not given */
    char *own_reason;   /* the same in the authenticator's own words, which go before */
    char *fault;        /* for the operator: what to fix; NULL: nothing */

    /* While it runs: */
    struct asked *top;          /* who is asked now */
    bool resumes;               /* auth_request_run() continues with top's late answer */
    bool failed;                /* part of the answer was lost, out of memory: it must not count */
    struct auth_memory *memory; /* of sally_auth_alloc(), the last one first */
};

/* NULL: out of memory. Texts of pub are the caller's and must outlive the request. */
struct auth_request *auth_request_new(sally_auth *auth);
/* Asks the authenticator, on a thread that may block. True: result is there. False: it is pending;
 * wake() comes once, perhaps before this returned, and the request must not be touched until then.
 */
bool auth_request_run(struct auth_request *request);
/* For authenticators: why they reject. */
void auth_request_set_reason(sally_auth_request *request, const char *reason);
/* For authenticators: tells the operator what to fix, besides what was told before; copied. Lost if
 * memory is short. */
void auth_request_set_fault(sally_auth_request *request, const char *text);
/* For authenticators: whether files that others could have changed are refused. */
bool auth_request_is_strict(const sally_auth_request *request);
/* Who is asked now, or returned PENDING. */
struct asked *auth_request_asked(const sally_auth_request *request);
/* As sally_auth_ask(), but `done` is only for an answer that comes late; what comes at once is
 * returned. */
sally_auth_result auth_request_ask(sally_auth_request *request, sally_auth *inner,
                                   sally_auth_done_fn *done, void *context);
/* The methods to offer, as a mask. */
uint32_t auth_request_offered(struct auth_request *request);
/* Clears everything answered so far except the banner, the reason and the fault. */
void auth_request_reset_answer(struct auth_request *request);
void auth_request_free(struct auth_request *request);

/* Wipes and frees what sally_auth_alloc() has given. */
void auth_memory_free(struct auth_memory *memory);

#endif
