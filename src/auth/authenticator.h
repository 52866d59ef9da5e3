/* An authenticator inside the library: a set of methods, or a chain of several such sets
 * ("leaves"). */
#ifndef SALLY_AUTH_AUTHENTICATOR_H
#define SALLY_AUTH_AUTHENTICATOR_H

#include <stdatomic.h>

#include "sallyport/auth.h"

struct sally_auth {
    atomic_uint refs;
    sally_auth_methods methods; /* all zero in a chain */
    void *user_data;
    /* Whether this request is answered without waiting for anything, and in little time: then no
     * worker is needed. May say nothing about the user, who would show by how long the answer
     * takes. NULL: what the methods do is not known. */
    bool (*is_quick)(const sally_auth *auth, const sally_auth_request *request);
    sally_auth **leaves; /* of a chain; held, none of them a chain */
    uint32_t leaf_count; /* 0: not a chain */
};

/* The authenticator to ask at place `index`; NULL past the last one. */
sally_auth *auth_leaf(sally_auth *auth, uint32_t index);

/* A chain keeps one state and one set of successes for each leaf, so that a factor that one
 * authenticator was content with counts for no other. For authenticators that are not chains begin
 * and asks are true, and the others do nothing. */
struct chain_state;
bool chain_begin(sally_auth *auth, sally_auth_request *request); /* false: no memory */
bool chain_asks(const sally_auth *auth, const sally_auth_request *request, uint32_t leaf);
/* Between the two the request shows the leaf's own state and successes. `result` is the leaf's
 * answer; SALLY_AUTH_REJECT when none was asked for. */
struct chain_state *chain_enter(const sally_auth *auth, sally_auth_request *request, uint32_t leaf);
void chain_leave(struct chain_state *chain, sally_auth_request *request, uint32_t leaf,
                 sally_auth_result result);
void chain_forget(const sally_auth *auth, void *state);

#endif
