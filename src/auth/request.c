/* The path of a login attempt through the authenticators, with answers that come at once, late, or
 * early from another thread. One that is asked by another is above it on a stack (`top`); each has
 * its own handoff, since an asker may not have returned PENDING yet when the answer it waits for
 * arrives. */
#include "auth/request.h"

#include "auth/authenticator.h"
#include "base/mem.h"
#include "sallyport/fs.h"

/* The second one continues: the method that returns PENDING, or sally_auth_finish(). */
enum handoff { CALLED, AWAITED, FINISHED };

struct auth_request *auth_request_new(sally_auth *auth)
{
    struct auth_request *r = mem_zalloc(sizeof *r);
    if (!r)
        return NULL;
    r->auth = sally_auth_ref(auth);
    r->strict_modes = true;
    auth_answer_init(&r->answer);
    list_init(&r->link);
    return r;
}

void auth_request_free(struct auth_request *r)
{
    if (!r)
        return;
    auth_request_reset_answer(r);
    asked_free(r->asked);
    auth_memory_free(r->memory);
    mem_free(r->banner);
    mem_free(r->own_reason);
    mem_free(r->fault);
    sally_auth_unref(r->auth);
    mem_free(r);
}

static struct auth_request *request_of(const sally_auth_request *pub)
{
    return CONTAINER_OF((sally_auth_request *)(uintptr_t)pub, struct auth_request, pub);
}

struct asked *auth_request_asked(const sally_auth_request *request)
{
    return request_of(request)->top;
}

bool sally_auth_cancelled(const sally_auth_request *request)
{
    const struct auth_request *r = request_of(request);
    return r->is_cancelled && r->is_cancelled(r);
}

/* ---- One authenticator ---- */

static uint32_t offered_by(struct auth_request *r, struct asked *a)
{
    const sally_auth_methods *m = &a->auth->methods;
    if (!m->offered)
        return m->methods;
    uint32_t method = r->pub.method;
    struct asked *asker = r->top;
    r->pub.method = 0;
    r->top = a;
    uint32_t offered = m->offered(a->auth, &r->pub);
    r->top = asker;
    r->pub.method = method;
    return offered & m->methods;
}

/* An authenticator is only asked about methods that it offers this user now: one that offers its
 * second factor after the first need not reject it before. A dialogue that has begun continues, and
 * "none" only asks for the offer. */
static bool offers(struct auth_request *r, struct asked *a)
{
    uint32_t method = r->pub.method;
    if (a->auth->is_chain || r->pub.round > 0 || method == SALLY_AUTH_NONE)
        return true;
    return (offered_by(r, a) & method) != 0;
}

static sally_auth_result call(struct auth_request *r, struct asked *a)
{
    const sally_auth_methods *m = &a->auth->methods;
    if (!(m->methods & r->pub.method))
        return SALLY_AUTH_REJECT;
    if (!offers(r, a)) {
        if (!r->own_reason)
            auth_request_set_reason(&r->pub, "this method is not available now");
        return SALLY_AUTH_REJECT;
    }
    if (!r->may_try)
        return m->authenticate(a->auth, &r->pub);
    return m->may_try_key ? m->may_try_key(a->auth, &r->pub) : SALLY_AUTH_ACCEPT;
}

/* An incomplete answer rejects: without the storage, or without memory for the root, users must not
 * be let in with less confinement than intended. */
static sally_auth_result checked(const struct auth_request *r, sally_auth_result result)
{
    bool good = false;
    if (r->may_try)
        good = result == SALLY_AUTH_ACCEPT;
    else if (result == SALLY_AUTH_ACCEPT)
        good = r->answer.fs && !r->failed;
    else if (result == SALLY_AUTH_PARTIAL)
        good = r->methods_next && !r->failed;
    else if (result == SALLY_AUTH_PROMPT)
        good = r->pub.method == SALLY_AUTH_KEYBOARD_INTERACTIVE && !r->failed;
    return good ? result : SALLY_AUTH_REJECT;
}

/* What one authenticator set with its rejection must not be kept when another accepts. */
static void forget_rejected(struct auth_request *r)
{
    if (r->answer.message) {
        mem_free(r->own_reason);
        r->own_reason = r->answer.message;
        r->answer.message = NULL;
    }
    auth_request_reset_answer(r);
}

static sally_auth_result leave(struct auth_request *r, struct asked *a, sally_auth_result answer)
{
    sally_auth_result result = checked(r, answer);
    if (!r->may_try)
        asked_end(a, &r->pub, result, &r->answer, r->prompt_count);
    asked_hide(a, &r->pub);
    r->top = a->asker;
    if (result == SALLY_AUTH_REJECT)
        forget_rejected(r);
    else if (r->may_try || result != SALLY_AUTH_ACCEPT)
        auth_answer_clear(&r->answer); /* only a login gets anything */
    return result;
}

/* PENDING: the request is no longer ours. */
static sally_auth_result enter(struct auth_request *r, struct asked *a)
{
    r->top = a;
    asked_show(a, &r->pub);
    if (!r->may_try)
        asked_begin(a, &r->pub);
    atomic_store_explicit(&a->handoff, CALLED, memory_order_relaxed);
    sally_auth_result result = call(r, a);
    if (result == SALLY_AUTH_PENDING) {
        if (atomic_exchange_explicit(&a->handoff, AWAITED, memory_order_acq_rel) == CALLED)
            return SALLY_AUTH_PENDING;
        result = a->late_result;
    }
    return leave(r, a, result);
}

/* ---- One that asks another ---- */

sally_auth_result auth_request_ask(sally_auth_request *request, sally_auth *inner,
                                   sally_auth_done_fn *done, void *context)
{
    struct auth_request *r = request_of(request);
    struct asked *asker = r->top;
    asked_keep_answer(asker, &r->answer);
    asker->prompter = NULL;
    auth_request_reset_answer(r);
    if (!request->method) /* only asks for the offer, not about this user's proof */
        return SALLY_AUTH_REJECT;
    struct asked *a = asked_part(asker, inner);
    if (!a) {
        auth_request_set_reason(request, "out of memory");
        return SALLY_AUTH_REJECT;
    }
    a->done = done;
    a->context = context;
    return enter(r, a);
}

sally_auth_result sally_auth_ask(sally_auth *inner, sally_auth_request *request,
                                 sally_auth_done_fn *done, void *context)
{
    sally_auth_result result = auth_request_ask(request, inner, done, context);
    return result == SALLY_AUTH_PENDING || !done ? result : done(context, request, result);
}

uint32_t sally_auth_ask_offered(sally_auth *inner, sally_auth_request *request)
{
    struct auth_request *r = request_of(request);
    struct asked *a = inner->methods.offered ? asked_part(r->top, inner) : NULL;
    if (!a) /* what follows is refused where it is asked for */
        return inner->methods.methods;
    asked_show(a, request);
    uint32_t offered = offered_by(r, a);
    asked_hide(a, request);
    return offered;
}

sally_auth_result sally_auth_accept_asked(sally_auth_request *request, const sally_auth *inner)
{
    struct auth_request *r = request_of(request);
    struct asked *a = asked_find(r->top, inner);
    auth_request_reset_answer(r);
    if (!a || !a->has_kept || r->may_try) {
        auth_request_set_reason(request, "no method was accepted before");
        return SALLY_AUTH_REJECT;
    }
    auth_answer_move(&r->answer, &a->kept);
    a->has_kept = a->is_provisional = false;
    return SALLY_AUTH_ACCEPT;
}

/* ---- The request ---- */

/* The one that the server asks; NULL: no memory. */
static struct asked *first_asked(struct auth_request *r)
{
    if (r->asked && r->asked->auth != r->auth) {
        asked_free(r->asked);
        r->asked = NULL;
    }
    if (!r->asked)
        r->asked = asked_new(r->auth);
    return r->asked;
}

/* `a` has answered. Continues with its askers, as far as they have returned and answer themselves.
 * True: the result is there. */
static bool go_on(struct auth_request *r, struct asked *a, sally_auth_result answer)
{
    for (;;) {
        struct asked *asker = a->asker;
        sally_auth_result result = leave(r, a, answer);
        if (!asker) {
            r->result = result;
            return true;
        }
        answer = a->done ? a->done(a->context, &r->pub, result) : result;
        if (answer == SALLY_AUTH_PENDING)
            return false;
        asker->late_result = answer;
        if (atomic_exchange_explicit(&asker->handoff, FINISHED, memory_order_acq_rel) != AWAITED)
            return false; /* its method has not returned yet, and will continue */
        a = asker;
    }
}

bool auth_request_run(struct auth_request *r)
{
    if (r->resumes) {
        r->resumes = false;
        return go_on(r, r->top, r->top->late_result);
    }
    r->result = SALLY_AUTH_REJECT;
    struct asked *a = first_asked(r);
    if (!a)
        return true;
    sally_auth_result result = enter(r, a);
    if (result == SALLY_AUTH_PENDING)
        return false;
    r->result = result;
    return true;
}

void sally_auth_finish(sally_auth_request *request, sally_auth_result result)
{
    struct auth_request *r = request_of(request);
    struct asked *a = r->top;
    a->late_result = result;
    if (atomic_exchange_explicit(&a->handoff, FINISHED, memory_order_acq_rel) != AWAITED)
        return; /* the method has not returned yet, and will continue */
    if (a->asker && r->offload) {
        r->resumes = true;
        r->offload(r);
    } else if (go_on(r, a, result)) {
        r->wake(r);
    }
}

uint32_t auth_request_offered(struct auth_request *r)
{
    struct asked *a = first_asked(r);
    if (!a)
        return 0;
    asked_show(a, &r->pub);
    uint32_t offered = offered_by(r, a);
    asked_hide(a, &r->pub);
    return offered;
}
