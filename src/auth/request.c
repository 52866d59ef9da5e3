/* The way of a try to log in through the authenticators, with answers that come at once, late, or
 * early from another thread. */
#include "auth/request.h"

#include "auth/authenticator.h"
#include "base/mem.h"
#include "sallyport/fs.h"

/* Who comes second does the rest: the method that returns PENDING, or sally_auth_finish(). */
enum handoff { CALLED, AWAITED, FINISHED };

struct auth_request *auth_request_new(sally_auth *auth)
{
    struct auth_request *r = mem_zalloc(sizeof *r);
    if (!r)
        return NULL;
    r->auth = sally_auth_ref(auth);
    r->permissions = SALLY_MAY_ALL;
    r->strict_modes = true;
    list_init(&r->link);
    return r;
}

void auth_request_free(struct auth_request *r)
{
    if (!r)
        return;
    auth_request_reset_answer(r);
    mem_free(r->banner);
    mem_free(r->fault);
    sally_auth_unref(r->auth);
    mem_free(r);
}

static bool takes_part(const struct auth_request *r, const sally_auth *leaf)
{
    return leaf->methods.methods & r->pub.method && chain_asks(r->auth, &r->pub, r->leaf);
}

/* What a leaf does not offer this user now it is not asked about either: an authenticator that
 * offers its second factor after the first need not remember to refuse it before. A dialogue that
 * has begun goes on, and "none" is a question about the offer. */
static bool offers(struct auth_request *r, sally_auth *leaf)
{
    uint32_t method = r->pub.method;
    if (!leaf->methods.offered || r->pub.round > 0 || method == SALLY_AUTH_NONE)
        return true;
    r->pub.method = 0;
    uint32_t offered = leaf->methods.offered(leaf, &r->pub);
    r->pub.method = method;
    return (offered & method) != 0;
}

static sally_auth_result call(struct auth_request *r, sally_auth *leaf)
{
    if (!offers(r, leaf)) {
        auth_request_set_reason(&r->pub, "this method is not offered now");
        return SALLY_AUTH_REJECT;
    }
    if (!r->may_try)
        return leaf->methods.authenticate(leaf, &r->pub);
    return leaf->methods.may_try_key ? leaf->methods.may_try_key(leaf, &r->pub) : SALLY_AUTH_ACCEPT;
}

/* An answer that is not whole is a "no": whoever forgot the storage, or had no memory to say which
 * root, must not let anybody in with less confinement than was meant. */
static sally_auth_result checked(const struct auth_request *r, sally_auth_result result)
{
    bool good = false;
    if (r->may_try)
        good = result == SALLY_AUTH_ACCEPT;
    else if (result == SALLY_AUTH_ACCEPT)
        good = r->fs && !r->failed;
    else if (result == SALLY_AUTH_PARTIAL)
        good = r->methods_next && !r->failed;
    else if (result == SALLY_AUTH_PROMPT)
        good = r->pub.method == SALLY_AUTH_KEYBOARD_INTERACTIVE && !r->failed;
    return good ? result : SALLY_AUTH_REJECT;
}

/* False: this leaf rejected. */
static bool accept_answer(struct auth_request *r, sally_auth_result result)
{
    r->result = checked(r, result);
    chain_leave(r->chain, &r->pub, r->leaf, r->result);
    r->chain = NULL;
    if (r->may_try || r->result != SALLY_AUTH_ACCEPT) { /* nothing is given to whoever is not in */
        sally_fs_unref(r->fs);
        r->fs = NULL;
    }
    return r->result != SALLY_AUTH_REJECT;
}

bool auth_request_run(struct auth_request *r)
{
    r->result = SALLY_AUTH_REJECT;
    if (!chain_begin(r->auth, &r->pub))
        return true;
    sally_auth *leaf;
    for (; (leaf = auth_leaf(r->auth, r->leaf)) != NULL; r->leaf++) {
        if (!takes_part(r, leaf))
            continue;
        auth_request_reset_answer(r);
        r->chain = chain_enter(r->auth, &r->pub, r->leaf);
        atomic_store_explicit(&r->handoff, CALLED, memory_order_relaxed);
        sally_auth_result result = call(r, leaf);
        if (result == SALLY_AUTH_PENDING) {
            if (atomic_exchange_explicit(&r->handoff, AWAITED, memory_order_acq_rel) == CALLED)
                return false; /* the request is no longer ours */
            result = r->late_result;
        }
        if (accept_answer(r, result))
            return true;
    }
    return true;
}

void sally_auth_finish(sally_auth_request *request, sally_auth_result result)
{
    struct auth_request *r = CONTAINER_OF(request, struct auth_request, pub);
    r->late_result = result;
    if (atomic_exchange_explicit(&r->handoff, FINISHED, memory_order_acq_rel) != AWAITED)
        return; /* the method has not returned yet; auth_request_run() goes on */
    if (!accept_answer(r, result)) {
        r->leaf++;
        if (r->offload && auth_leaf(r->auth, r->leaf)) {
            r->offload(r);
            return;
        }
        if (!auth_request_run(r))
            return;
    }
    r->wake(r);
}
