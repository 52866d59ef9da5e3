/* A client's attempt to log in, on its way from a protocol engine to the authenticator and back.
 * Engines create queries; the code that answers them is independent of the protocol. */
#ifndef SALLY_BASE_LOGIN_QUERY_H
#define SALLY_BASE_LOGIN_QUERY_H

#include "sallyport/auth.h"

#define LOGIN_PROMPTS_MAX 64 /* per round of keyboard-interactive */

struct login_query;

struct login_prompt {
    const char *text;
    bool echo;
};

/* How a query is answered, on the engine's thread: with exactly one of the first four functions,
 * which also frees it. The connection may be gone by then. All texts are copied. `methods`: the
 * methods (SALLY_AUTH_ bits) that can continue. */
struct login_answers {
    void (*accept)(struct login_query *query);
    void (*reject)(struct login_query *query, uint32_t methods);
    void (*partial)(struct login_query *query, uint32_t methods); /* accepted so far */
    /* keyboard-interactive only. Name and instruction may be NULL. */
    void (*prompt)(struct login_query *query, const char *name, const char *instruction,
                   const struct login_prompt *prompts, size_t count);
    /* Before the answer: a text for the client to show. */
    void (*banner)(struct login_query *query, const char *text);
    /* Any thread, unlike the others. The answer to a question with a proof would be "accept": the
     * proof is verified here, which costs about as much as to make it. True: it is right, and the
     * query is what would have come next, the same without may_try. False: it has become a refusal.
     */
    bool (*prove)(struct login_query *query);
};

/* Lives until it is answered, even if the connection ends first. Its texts end in NUL, contain no
 * other NUL, and belong to the engine, which wipes the secrets. */
struct login_query {
    /* What the authenticator sees, except `peer` and `state`, which the engine does not know. A key
     * without `may_try` comes with a proof of possession, which has been verified. */
    sally_auth_request pub;
    bool may_try;   /* publickey: asks only whether this key would be accepted; nothing is proved */
    bool is_signed; /* with may_try: the client has sent a proof, which is verified if the answer is
                       "accept"; the query then comes again without may_try. See prove() */
    bool user_changed; /* the name differs from the previous query's: earlier successes no longer
                          count */
    /* Why the engine itself rejects this attempt: no authenticator is asked, and the answer is
     * "reject", with any methods. A static text; NULL: not rejected. */
    const char *refusal;
    const char *method_name; /* with a refusal: the method as the client called it */
    const struct login_answers *answers;
};

#endif
