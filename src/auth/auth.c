#include "auth/authenticator.h"
#include "base/mem.h"
#include "base/sized.h"

/* The size of the first release's structure. */
#define LEAST_METHODS (offsetof(sally_auth_methods, destroy) + sizeof(void (*)(void *)))

sally_error sally_auth_new(sally_auth **out, const sally_auth_methods *methods, void *user_data)
{
    if (!out || !methods)
        return SALLY_E_INVALID;
    *out = NULL;
    sally_auth_methods copy;
    if (!sized_copy(&copy, sizeof copy, methods, methods->struct_size, LEAST_METHODS))
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
    if (auth->methods.destroy)
        auth->methods.destroy(auth->user_data);
    mem_free(auth);
}

void *sally_auth_data(const sally_auth *auth)
{
    return auth->user_data;
}

bool auth_is_quick(const sally_auth *auth, const sally_auth_request *request)
{
    if (auth->is_quick)
        return auth->is_quick(auth, request);
    return request->method == SALLY_AUTH_NONE && !auth->methods.offered &&
           !(auth->methods.methods & SALLY_AUTH_NONE);
}
