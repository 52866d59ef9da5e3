/* Chains: several authenticators, asked one after the other until one does not reject. */
#include "auth/asked.h"
#include "auth/request.h"
#include "base/mem.h"

/* The most authenticators in one chain: a sanity limit, far more than needed. */
#define MAX_PARTS 256

struct chain {
    uint32_t count;
    sally_auth *parts[]; /* held, none of them a chain */
};

static sally_auth_result ask_from(const struct chain *chain, sally_auth_request *request,
                                  uint32_t index);

/* `context` is the place after the one that has answered late. */
static sally_auth_result part_answered(void *context, sally_auth_request *request,
                                       sally_auth_result result)
{
    const struct asked *self = auth_request_asked(request);
    if (result != SALLY_AUTH_REJECT)
        return result;
    return ask_from(sally_auth_data(self->auth), request, (uint32_t)(uintptr_t)context);
}

static sally_auth_result ask_from(const struct chain *chain, sally_auth_request *request,
                                  uint32_t index)
{
    for (uint32_t i = index; i < chain->count; i++) {
        if (!(chain->parts[i]->methods.methods & request->method))
            continue;
        void *behind = (void *)(uintptr_t)(i + 1);
        sally_auth_result result =
            auth_request_ask(request, chain->parts[i], part_answered, behind);
        if (result != SALLY_AUTH_REJECT)
            return result;
    }
    return SALLY_AUTH_REJECT;
}

/* Only the part that prompted the client gets the answers: those before it have rejected, and those
 * after it are asked if it rejects. */
static uint32_t first_to_ask(const struct chain *chain, const struct asked *heard)
{
    for (uint32_t i = 0; heard && i < chain->count; i++) {
        if (chain->parts[i] == heard->auth)
            return i;
    }
    return 0;
}

static sally_auth_result chain_authenticate(sally_auth *auth, sally_auth_request *request)
{
    const struct chain *chain = sally_auth_data(auth);
    return ask_from(chain, request, first_to_ask(chain, auth_request_asked(request)->heard));
}

static sally_auth_result chain_may_try_key(sally_auth *auth, sally_auth_request *request)
{
    return ask_from(sally_auth_data(auth), request, 0);
}

static uint32_t chain_offered(sally_auth *auth, sally_auth_request *request)
{
    const struct chain *chain = sally_auth_data(auth);
    uint32_t offered = 0;
    for (uint32_t i = 0; i < chain->count; i++)
        offered |= sally_auth_ask_offered(chain->parts[i], request);
    return offered;
}

static bool chain_is_quick(const sally_auth *auth, const sally_auth_request *request)
{
    const struct chain *chain = auth->user_data;
    for (uint32_t i = 0; i < chain->count; i++) {
        if (!auth_is_quick(chain->parts[i], request))
            return false;
    }
    return true;
}

static void chain_destroy(void *user_data)
{
    struct chain *chain = user_data;
    for (uint32_t i = 0; i < chain->count; i++)
        sally_auth_unref(chain->parts[i]);
    mem_free(chain);
}

static uint32_t part_count(const sally_auth *auth)
{
    return auth->is_chain ? ((const struct chain *)auth->user_data)->count : 1;
}

/* A part that is already in the chain would reject as before. */
static void add_part(struct chain *chain, sally_auth *part)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        if (chain->parts[i] == part)
            return;
    }
    chain->parts[chain->count++] = sally_auth_ref(part);
}

static void add(struct chain *chain, sally_auth *auth)
{
    if (!auth->is_chain) {
        add_part(chain, auth);
        return;
    }
    const struct chain *other = auth->user_data;
    for (uint32_t i = 0; i < other->count; i++)
        add_part(chain, other->parts[i]);
}

sally_error sally_auth_chain_new(sally_auth **out, sally_auth *first, sally_auth *second)
{
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    if (!first || !second)
        return SALLY_E_INVALID;
    uint32_t most = part_count(first) + part_count(second);
    if (most > MAX_PARTS)
        return SALLY_E_LIMIT;
    struct chain *chain = mem_zalloc(sizeof *chain + most * sizeof(sally_auth *));
    if (!chain)
        return SALLY_E_NO_MEMORY;
    add(chain, first);
    add(chain, second);
    sally_auth_methods methods = {
        .struct_size = sizeof methods,
        .may_try_key = chain_may_try_key,
        .authenticate = chain_authenticate,
        .offered = chain_offered,
        .destroy = chain_destroy,
    };
    for (uint32_t i = 0; i < chain->count; i++)
        methods.methods |= chain->parts[i]->methods.methods;
    sally_error e = sally_auth_new(out, &methods, chain);
    if (e) {
        chain_destroy(chain);
        return e;
    }
    (*out)->is_chain = true;
    (*out)->is_quick = chain_is_quick;
    return SALLY_E_OK;
}
