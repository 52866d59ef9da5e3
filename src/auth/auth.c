#include <string.h>

#include "auth/authenticator.h"
#include "auth/request.h"
#include "base/mem.h"
#include "base/sized.h"

sally_error sally_auth_new(sally_auth **out, const sally_auth_methods *methods, void *user_data)
{
    if (!out || !methods)
        return SALLY_E_INVALID;
    *out = NULL;
    sally_auth_methods copy;
    if (!sized_copy(&copy, sizeof copy, methods, methods->struct_size, sizeof copy))
        return SALLY_E_INVALID;
    const uint32_t all = SALLY_AUTH_NONE | SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY |
                         SALLY_AUTH_KEYBOARD_INTERACTIVE;
    if (!copy.authenticate || copy.methods & ~all || copy.flags)
        return SALLY_E_INVALID;
    sally_auth *auth = mem_zalloc(sizeof *auth);
    if (!auth)
        return SALLY_E_NO_MEMORY;
    atomic_init(&auth->refs, 1);
    auth->methods = copy;
    auth->user_data = user_data;
    *out = auth;
    return SALLY_E_OK;
}

sally_auth *sally_auth_ref(sally_auth *auth)
{
    atomic_fetch_add_explicit(&auth->refs, 1, memory_order_relaxed);
    return auth;
}

void sally_auth_unref(sally_auth *auth)
{
    if (!auth || atomic_fetch_sub_explicit(&auth->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < auth->leaf_count; i++)
        sally_auth_unref(auth->leaves[i]); /* leaves are no chains: one level deep */
    mem_free(auth->leaves);
    if (auth->methods.destroy)
        auth->methods.destroy(auth->user_data);
    mem_free(auth);
}

void *sally_auth_data(const sally_auth *auth)
{
    return auth->user_data;
}

sally_auth *auth_leaf(sally_auth *auth, uint32_t index)
{
    if (auth->leaf_count)
        return index < auth->leaf_count ? auth->leaves[index] : NULL;
    return index == 0 ? auth : NULL;
}

uint32_t auth_offered(sally_auth *auth, sally_auth_request *request)
{
    uint32_t offered = 0;
    bool states = chain_begin(auth, request);
    sally_auth *leaf;
    for (uint32_t i = 0; (leaf = auth_leaf(auth, i)) != NULL; i++) {
        uint32_t methods = leaf->methods.methods;
        if (leaf->methods.offered && states) {
            struct chain_state *chain = chain_enter(auth, request, i);
            methods &= leaf->methods.offered(leaf, request);
            chain_leave(chain, request, i, SALLY_AUTH_REJECT);
        }
        offered |= methods;
    }
    return offered;
}

void auth_forget(sally_auth *auth, void *state)
{
    if (!state)
        return;
    if (auth->leaf_count)
        chain_forget(auth, state);
    else if (auth->methods.forget)
        auth->methods.forget(auth, state);
}
