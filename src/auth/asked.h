/* An authenticator that is asked on one connection, by the server or by another authenticator
 * (sally_auth_ask): its state and its answers, kept between attempts. They form a tree: each asker
 * has its own, so that two askers of the same authenticator do not interfere. */
#ifndef SALLY_AUTH_ASKED_H
#define SALLY_AUTH_ASKED_H

#include <stdatomic.h>

#include "auth/answer.h"
#include "auth/authenticator.h"

struct asked {
    sally_auth *auth;        /* held */
    struct asked *asker;     /* NULL: the server */
    struct asked *next;      /* of the same asker */
    struct asked *parts;     /* those that it asks */
    uint32_t depth;          /* 0 for the one that the server asks */
    void *state;             /* the authenticator's; while it is asked, in the request */
    uint32_t succeeded;      /* SALLY_AUTH_ bits: what it and its asker accepted */
    uint32_t fresh;          /* what it accepted, and its asker has yet to confirm */
    struct auth_answer kept; /* its acceptance, if the asker required more */
    bool has_kept;
    bool is_provisional; /* what is kept lasts no longer than the dialogue */

    /* Keyboard-interactive: */
    struct asked *prompter; /* the part whose prompts the client was shown */
    struct asked *heard;    /* the part that the request's answers are for */
    uint32_t first_round;   /* the asker's round in which it was asked first: its own round 0 */
    uint32_t prompt_count;  /* its own prompts; its asker may have added others after them */

    /* During an attempt: */
    struct asked *accepted;        /* the part whose acceptance is the request's answer now */
    sally_auth_done_fn *done;      /* the asker's */
    void *context;                 /* for `done` */
    _Atomic uint32_t handoff;      /* finish against return, as with operations */
    sally_auth_result late_result; /* what sally_auth_finish() brought */
    struct {                       /* what the request goes back to */
        void *state;
        const char *const *answers;
        uint32_t succeeded, round, answer_count;
    } before;
};

/* NULL: no memory. */
struct asked *asked_new(sally_auth *auth);
/* The part of `asker` for `auth`, made if there is none. NULL: no memory, or it is too deep. */
struct asked *asked_part(struct asked *asker, sally_auth *auth);
/* NULL when it was never asked. */
struct asked *asked_find(struct asked *asker, const sally_auth *auth);
/* Frees the whole tree, and the authenticators' states in it. NULL is allowed. */
void asked_free(struct asked *root);

/* Between the two the request shows what concerns this authenticator: its own state, successes and
 * dialogue. */
void asked_show(struct asked *asked, sally_auth_request *request);
void asked_hide(struct asked *asked, sally_auth_request *request);

/* An attempt begins, and ends with `result`; while it is shown. `answer` is moved to a part whose
 * acceptance only led to a partial success. */
void asked_begin(struct asked *asked, const sally_auth_request *request);
void asked_end(struct asked *asked, const sally_auth_request *request, sally_auth_result result,
               struct auth_answer *answer, uint32_t prompt_count);
/* The request's answer is about to be replaced: the last part's answer is kept there. */
void asked_keep_answer(struct asked *asked, struct auth_answer *answer);

#endif
