/* A client's attempt to log in, on its way from a protocol engine to the authenticator and back.
 * The engines make queries; who answers them knows no protocol. */
#ifndef SALLY_BASE_LOGIN_QUERY_H
#define SALLY_BASE_LOGIN_QUERY_H

#include "sallyport/auth.h"

#define LOGIN_PROMPTS_MAX 64 /* per round of keyboard-interactive */

struct login_query;

struct login_prompt {
    const char *text;
    bool echo;
};

/* What answers a query, on the engine's thread: exactly one of the first four, which also frees it.
 * The connection may be gone by then. Every text is copied. `methods`: SALLY_AUTH_ bits that the
 * client may continue with. */
struct login_answers {
    void (*accept)(struct login_query *query);
    void (*reject)(struct login_query *query, uint32_t methods);
    void (*partial)(struct login_query *query, uint32_t methods); /* right so far */
    /* keyboard-interactive only. Name and instruction may be NULL. */
    void (*prompt)(struct login_query *query, const char *name, const char *instruction,
                   const struct login_prompt *prompts, size_t count);
    /* Before the answer: a text for the client to show. */
    void (*banner)(struct login_query *query, const char *text);
};

/* Lasts until it is answered, even when the connection ends before. Its texts end in NUL and hold
 * none inside; they are the engine's, which wipes the secrets. */
struct login_query {
    /* As the authenticator sees it, but for `peer` and `state`, which the engine does not know. A
     * key without `may_try` comes with a proof, which has been verified. */
    sally_auth_request pub;
    bool may_try;      /* publickey: only whether this key would do; nothing is proved */
    bool user_changed; /* not the name of the query before: what had succeeded counts no more */
    const struct login_answers *answers;
};

#endif
