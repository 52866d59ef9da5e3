/* Authenticators that ask others. */
#include <pthread.h>

#include "alloc_failure.h"
#include "auth/authenticator.h"
#include "fixture.h"
#include "sallyport/session.h"

#define ALL (SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY | SALLY_AUTH_KEYBOARD_INTERACTIVE)

/* The one that is asked: answers what it is told to. */
struct inner {
    sally_auth_result result;
    bool late, early;
    int calls, key_calls, offered_calls, forgotten;
    uint32_t round, answer_count, succeeded;
    const char *answer, *root;
    sally_auth_request *pending;
    void (*on_pending)(struct inner *i);
    sally_fs *fs;
    uint32_t offers; /* 0: all */
};

/* The one that asks. */
struct outer {
    sally_auth *inner, *other;
    struct inner inner_data, other_data;
    int calls, done_calls, forgotten;
    sally_auth_result told; /* what `done` heard */
    sally_auth_result (*judge)(struct outer *o, sally_auth_request *request,
                               sally_auth_result result);
    sally_auth_result (*ask)(struct outer *o, sally_auth_request *request); /* NULL: just asks */
    sally_auth_request *pending;
    int wakes;
    sally_auth *auth;
};

static sally_auth_result answer(struct inner *i, sally_auth_request *request)
{
    if (i->result == SALLY_AUTH_ACCEPT) {
        if (i->root)
            assert_int_equal(sally_auth_set_root(request, i->root), SALLY_E_OK);
        return sally_auth_accept(request, i->fs);
    }
    if (i->result == SALLY_AUTH_PARTIAL)
        return sally_auth_partial(request, SALLY_AUTH_PASSWORD);
    if (i->result == SALLY_AUTH_PROMPT)
        assert_int_equal(sally_auth_add_prompt(request, "Password: ", false), SALLY_E_OK);
    if (i->result == SALLY_AUTH_REJECT) /* must not stick */
        assert_int_equal(sally_auth_set_home(request, "/left/behind"), SALLY_E_OK);
    return i->result;
}

static sally_auth_result inner_authenticate(sally_auth *auth, sally_auth_request *request)
{
    struct inner *i = sally_auth_data(auth);
    i->calls++;
    i->round = request->round;
    i->answer_count = request->answer_count;
    i->answer = request->answer_count ? request->answers[0] : NULL;
    i->succeeded = request->succeeded;
    assert_true(request->state == NULL || request->state == i);
    request->state = i;
    if (i->early)
        sally_auth_finish(request, answer(i, request));
    if (i->late)
        i->pending = request;
    if (i->on_pending)
        i->on_pending(i);
    return i->early || i->late ? SALLY_AUTH_PENDING : answer(i, request);
}

static void inner_finish(struct inner *i)
{
    sally_auth_request *request = i->pending;
    i->pending = NULL;
    sally_auth_finish(request, answer(i, request));
}

static sally_auth_result inner_may_try(sally_auth *auth, sally_auth_request *request)
{
    struct inner *i = sally_auth_data(auth);
    i->key_calls++;
    if (i->late)
        i->pending = request;
    return i->late ? SALLY_AUTH_PENDING : i->result;
}

static uint32_t inner_offered(sally_auth *auth, sally_auth_request *request)
{
    struct inner *i = sally_auth_data(auth);
    i->offered_calls++;
    assert_int_equal(request->method, 0);
    assert_true(request->state == NULL || request->state == i);
    return i->offers ? i->offers : ALL;
}

static void inner_forget(sally_auth *auth, void *state)
{
    struct inner *i = sally_auth_data(auth);
    assert_ptr_equal(state, i);
    i->forgotten++;
}

static sally_auth *inner_new(struct inner *i, sally_fs *fs)
{
    const sally_auth_methods m = {.struct_size = sizeof m,
                                  .methods = ALL,
                                  .may_try_key = inner_may_try,
                                  .authenticate = inner_authenticate,
                                  .offered = inner_offered,
                                  .forget = inner_forget};
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, &m, i), SALLY_E_OK);
    i->fs = fs;
    return auth;
}

static sally_auth_result done(void *context, sally_auth_request *request, sally_auth_result result)
{
    struct outer *o = context;
    o->done_calls++;
    o->told = result;
    assert_ptr_equal(request->state, o); /* its own again */
    return o->judge ? o->judge(o, request, result) : result;
}

static sally_auth_result outer_authenticate(sally_auth *auth, sally_auth_request *request)
{
    struct outer *o = sally_auth_data(auth);
    o->calls++;
    assert_true(request->state == NULL || request->state == o);
    request->state = o;
    return o->ask ? o->ask(o, request) : sally_auth_ask(o->inner, request, done, o);
}

static sally_auth_result outer_may_try(sally_auth *auth, sally_auth_request *request)
{
    struct outer *o = sally_auth_data(auth);
    request->state = o;
    return sally_auth_ask(o->inner, request, done, o);
}

static uint32_t outer_offered(sally_auth *auth, sally_auth_request *request)
{
    struct outer *o = sally_auth_data(auth);
    return sally_auth_ask_offered(o->inner, request);
}

static void outer_forget(sally_auth *auth, void *state)
{
    struct outer *o = sally_auth_data(auth);
    assert_ptr_equal(state, o);
    o->forgotten++;
}

static sally_fs *fs;

static void begin(struct outer *o)
{
    memset(o, 0, sizeof *o);
    fs = fixture_fs(NULL);
    o->inner = inner_new(&o->inner_data, fs);
    o->other = inner_new(&o->other_data, fs);
    const sally_auth_methods m = {.struct_size = sizeof m,
                                  .methods = ALL,
                                  .may_try_key = outer_may_try,
                                  .authenticate = outer_authenticate,
                                  .offered = outer_offered,
                                  .forget = outer_forget};
    assert_int_equal(sally_auth_new(&o->auth, &m, o), SALLY_E_OK);
}

static void end(struct outer *o, struct auth_request *r)
{
    fixture_forget(r);
    assert_int_equal(o->forgotten, o->calls > 0);
    assert_int_equal(o->inner_data.forgotten, o->inner_data.calls > 0);
    assert_int_equal(o->other_data.forgotten, o->other_data.calls > 0);
    auth_request_free(r);
    sally_auth_unref(o->inner);
    sally_auth_unref(o->other);
    sally_auth_unref(o->auth);
    sally_fs_unref(fs);
}

static struct auth_request *request(struct outer *o, uint32_t method)
{
    struct auth_request *r = fixture_request(o->auth, method);
    r->owner = &o->wakes;
    return r;
}

/* ---- At once ---- */

static void the_answer_is_the_askers(void **state)
{
    (void)state;
    static const sally_auth_result results[] = {SALLY_AUTH_REJECT, SALLY_AUTH_ACCEPT,
                                                SALLY_AUTH_PARTIAL};
    for (size_t i = 0; i < 3; i++) {
        for (int early = 0; early < 2; early++) {
            struct outer o;
            begin(&o);
            o.inner_data.result = results[i];
            o.inner_data.early = early;
            struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
            assert_true(auth_request_run(r));
            assert_int_equal(r->result, results[i]);
            assert_int_equal(o.told, results[i]);
            assert_int_equal(o.done_calls, 1);
            assert_int_equal(o.wakes, 0);
            assert_null(r->answer.home); /* of a "no" */
            end(&o, r);
        }
    }
}

static sally_auth_result ask_for_nothing(struct outer *o, sally_auth_request *request)
{
    return sally_auth_ask(o->inner, request, NULL, NULL);
}

static void without_a_judge_it_is_passed_on(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct outer o;
        begin(&o);
        o.ask = ask_for_nothing;
        o.inner_data.result = SALLY_AUTH_ACCEPT;
        o.inner_data.root = "/joe";
        o.inner_data.late = late;
        struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
        assert_int_equal(auth_request_run(r), !late);
        if (late)
            inner_finish(&o.inner_data);
        assert_int_equal(o.wakes, late);
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        assert_string_equal(r->answer.root, "/joe");
        end(&o, r);
    }
}

static sally_auth_result restrict_it(struct outer *o, sally_auth_request *request,
                                     sally_auth_result result)
{
    (void)o;
    if (result == SALLY_AUTH_ACCEPT)
        sally_auth_set_permissions(request, SALLY_MAY_VIEW);
    return result;
}

static sally_auth_result turn_it_round(struct outer *o, sally_auth_request *request,
                                       sally_auth_result result)
{
    if (result != SALLY_AUTH_REJECT)
        return SALLY_AUTH_REJECT;
    return sally_auth_accept(request, o->inner_data.fs);
}

static void an_answer_may_be_changed(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    o.inner_data.root = "/joe";
    o.judge = restrict_it;
    struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_string_equal(r->answer.root, "/joe");
    assert_int_equal(r->answer.permissions, SALLY_MAY_VIEW);
    r = fixture_next(r, SALLY_AUTH_PASSWORD);
    o.judge = turn_it_round;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_null(r->answer.fs);
    r = fixture_next(r, SALLY_AUTH_PASSWORD);
    o.inner_data.result = SALLY_AUTH_REJECT;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_null(r->answer.home); /* what the one that rejected had said */
    end(&o, r);
}

static void methods_that_are_not_offered_are_not_asked_about(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
    o.inner_data.offers = SALLY_AUTH_PUBLICKEY;
    assert_int_equal(auth_request_offered(r), SALLY_AUTH_PUBLICKEY);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_int_equal(o.inner_data.calls, 0);
    end(&o, r);
}

static void questions_about_keys(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        for (int yes = 0; yes < 2; yes++) {
            struct outer o;
            begin(&o);
            o.inner_data.result = yes ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT;
            o.inner_data.late = late;
            struct auth_request *r = request(&o, SALLY_AUTH_PUBLICKEY);
            r->may_try = true;
            assert_int_equal(auth_request_run(r), !late);
            if (late)
                sally_auth_finish(o.inner_data.pending, o.inner_data.result);
            assert_int_equal(r->result, o.inner_data.result);
            assert_int_equal(o.told, r->result);
            assert_int_equal(o.inner_data.key_calls, 1);
            assert_int_equal(o.inner_data.calls, 0);
            o.calls++; /* there is a state */
            end(&o, r);
        }
    }
}

/* ---- Late ---- */

static int offloads;

static void offload(struct auth_request *r)
{
    (void)r;
    offloads++;
}

static void late_answers_are_judged_on_a_worker(void **state)
{
    (void)state;
    for (int has_workers = 0; has_workers < 2; has_workers++) {
        struct outer o;
        begin(&o);
        o.inner_data.result = SALLY_AUTH_ACCEPT;
        o.inner_data.late = true;
        o.judge = restrict_it;
        struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
        r->offload = has_workers ? offload : NULL;
        offloads = 0;
        assert_false(auth_request_run(r));
        assert_int_equal(o.done_calls, 0);
        inner_finish(&o.inner_data);
        if (has_workers) {
            assert_int_equal(offloads, 1);
            assert_int_equal(o.done_calls, 0);
            assert_true(auth_request_run(r));
        }
        assert_int_equal(o.wakes, !has_workers);
        assert_int_equal(o.done_calls, 1);
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        assert_int_equal(r->answer.permissions, SALLY_MAY_VIEW);
        end(&o, r);
    }
}

static sally_auth_result answer_later(struct outer *o, sally_auth_request *request,
                                      sally_auth_result result)
{
    (void)result;
    o->pending = request;
    return SALLY_AUTH_PENDING;
}

static void the_judge_may_be_late_too(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct outer o;
        begin(&o);
        o.inner_data.result = SALLY_AUTH_ACCEPT;
        o.inner_data.late = late;
        o.judge = answer_later;
        struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
        assert_false(auth_request_run(r));
        if (late)
            inner_finish(&o.inner_data);
        assert_int_equal(o.wakes, 0);
        assert_ptr_equal(o.pending->state, &o);
        sally_auth_finish(o.pending, SALLY_AUTH_ACCEPT);
        assert_int_equal(o.wakes, 1);
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        end(&o, r);
    }
}

static sally_auth_result ask_later(struct outer *o, sally_auth_request *request)
{
    o->pending = request;
    return SALLY_AUTH_PENDING;
}

static void one_may_be_asked_while_the_request_is_pending(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct outer o;
        begin(&o);
        o.ask = ask_later;
        o.inner_data.result = SALLY_AUTH_ACCEPT;
        o.inner_data.late = late;
        struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
        assert_false(auth_request_run(r));
        sally_auth_result result = sally_auth_ask(o.inner, o.pending, done, &o);
        if (late) {
            assert_int_equal(result, SALLY_AUTH_PENDING);
            inner_finish(&o.inner_data);
        } else {
            sally_auth_finish(o.pending, result);
        }
        assert_int_equal(o.wakes, 1);
        assert_int_equal(o.done_calls, 1);
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        end(&o, r);
    }
}

static sally_auth_result ask_another(struct outer *o, sally_auth_request *request,
                                     sally_auth_result result)
{
    assert_int_equal(result, SALLY_AUTH_REJECT);
    o->judge = NULL;
    return sally_auth_ask(o->other, request, done, o);
}

static void another_may_be_asked_then(void **state)
{
    (void)state;
    for (int late = 0; late < 4; late++) {
        struct outer o;
        begin(&o);
        o.judge = ask_another;
        o.inner_data.late = late & 1;
        o.other_data.late = (late & 2) != 0;
        o.other_data.result = SALLY_AUTH_ACCEPT;
        struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
        bool at_once = auth_request_run(r);
        assert_int_equal(at_once, late == 0);
        if (late & 1)
            inner_finish(&o.inner_data);
        if (late & 2)
            inner_finish(&o.other_data);
        assert_int_equal(o.done_calls, 2);
        assert_int_equal(o.wakes, !at_once);
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        end(&o, r);
    }
}

static void through_several_levels(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct outer o, top;
        begin(&o);
        begin(&top);
        sally_auth_unref(top.inner);
        top.inner = sally_auth_ref(o.auth);
        o.inner_data.result = SALLY_AUTH_PARTIAL;
        o.inner_data.late = late;
        struct auth_request *r = request(&top, SALLY_AUTH_PUBLICKEY);
        assert_int_equal(auth_request_run(r), !late);
        if (late)
            inner_finish(&o.inner_data);
        assert_int_equal(r->result, SALLY_AUTH_PARTIAL);
        assert_int_equal(top.told, SALLY_AUTH_PARTIAL);
        assert_int_equal(r->methods_next, SALLY_AUTH_PASSWORD);
        r->pub.succeeded = SALLY_AUTH_PUBLICKEY;
        r = fixture_next(r, SALLY_AUTH_PASSWORD);
        o.inner_data.late = false;
        o.inner_data.result = SALLY_AUTH_ACCEPT;
        assert_true(auth_request_run(r));
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        assert_int_equal(o.inner_data.succeeded, SALLY_AUTH_PUBLICKEY);
        sally_fs *held = fs;
        fixture_forget(r);
        assert_int_equal(o.inner_data.forgotten, 1);
        assert_int_equal(o.forgotten, 1);
        assert_int_equal(top.forgotten, 1);
        auth_request_free(r);
        sally_auth_unref(top.inner);
        sally_auth_unref(top.other);
        sally_auth_unref(top.auth);
        sally_auth_unref(o.inner);
        sally_auth_unref(o.other);
        sally_auth_unref(o.auth);
        sally_fs_unref(o.inner_data.fs);
        sally_fs_unref(held);
    }
}

static void who_asks_itself_is_rejected(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    sally_auth *inner = o.inner;
    o.inner = o.auth;
    struct auth_request *r = fixture_request(o.auth, SALLY_AUTH_PASSWORD);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_in_range(o.calls, 1, 100);
    o.inner = inner;
    auth_request_free(r);
    sally_auth_unref(o.inner);
    sally_auth_unref(o.other);
    sally_auth_unref(o.auth);
    sally_fs_unref(fs);
}

static void *finish_in_thread(void *argument)
{
    inner_finish(argument);
    return NULL;
}

static atomic_int woken;

static void note_wake(struct auth_request *r)
{
    (void)r;
    atomic_fetch_add(&woken, 1);
}

static pthread_t thread;

static void start_thread(struct inner *i)
{
    assert_int_equal(pthread_create(&thread, NULL, finish_in_thread, i), 0);
}

/* The answer from another thread against the return of both methods: exactly one brings it. */
static void answers_race_with_returns(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    o.judge = restrict_it;
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    o.inner_data.late = true;
    o.inner_data.on_pending = start_thread;
    for (int i = 1; i <= 500; i++) {
        struct auth_request *r = fixture_request(o.auth, SALLY_AUTH_PASSWORD);
        r->wake = note_wake;
        atomic_store(&woken, 0);
        bool at_once = auth_request_run(r);
        pthread_join(thread, NULL);
        assert_int_equal(atomic_load(&woken), !at_once);
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        assert_int_equal(r->answer.permissions, SALLY_MAY_VIEW);
        assert_int_equal(o.done_calls, i);
        auth_request_free(r);
    }
    o.calls = o.forgotten = o.inner_data.calls = o.inner_data.forgotten = 0;
    end(&o, request(&o, SALLY_AUTH_PASSWORD));
}

/* ---- One factor after the other ---- */

static sally_auth_result want_password_too(struct outer *o, sally_auth_request *request,
                                           sally_auth_result result)
{
    (void)o;
    return result == SALLY_AUTH_ACCEPT ? sally_auth_partial(request, SALLY_AUTH_PASSWORD) : result;
}

/* A key that `inner` judges, and then a password that the asker judges. */
static sally_auth_result key_and_password(struct outer *o, sally_auth_request *request)
{
    if (request->method == SALLY_AUTH_PUBLICKEY)
        return sally_auth_ask(o->inner, request, done, o);
    return strcmp(request->password, "right") == 0 ? sally_auth_accept_asked(request, o->inner)
                                                   : SALLY_AUTH_REJECT;
}

static int freed;

static void count_freed(void *data)
{
    assert_ptr_equal(data, &freed);
    freed++;
}

static sally_auth_result with_data(struct outer *o, sally_auth_request *request,
                                   sally_auth_result result)
{
    sally_auth_set_data(request, &freed, count_freed);
    return want_password_too(o, request, result);
}

static void what_was_accepted_is_kept_for_the_last_factor(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    o.ask = key_and_password;
    o.judge = with_data;
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    o.inner_data.root = "/joe";
    freed = 0;
    struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
    r->pub.password = "right"; /* before the key */
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r = fixture_next(r, SALLY_AUTH_PUBLICKEY);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_PARTIAL);
    assert_null(r->answer.fs);
    assert_int_equal(freed, 0);
    r->pub.succeeded = SALLY_AUTH_PUBLICKEY;
    r = fixture_next(r, SALLY_AUTH_PASSWORD);
    r->pub.password = "wrong";
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r = fixture_next(r, SALLY_AUTH_PASSWORD);
    r->pub.password = "right";
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_ptr_equal(r->answer.fs, fs);
    assert_string_equal(r->answer.root, "/joe");
    assert_ptr_equal(r->answer.data, &freed);
    r = fixture_next(r, SALLY_AUTH_PASSWORD); /* it was there once */
    r->pub.password = "right";
    assert_int_equal(freed, 1);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    end(&o, r);
    assert_int_equal(freed, 1);
}

static void what_was_kept_is_let_go_with_the_connection(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    o.judge = with_data;
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    freed = 0;
    struct auth_request *r = request(&o, SALLY_AUTH_PUBLICKEY);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_PARTIAL);
    assert_int_equal(freed, 0);
    end(&o, r);
    assert_int_equal(freed, 1);
}

static void what_the_asker_rejects_is_not_kept(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    o.ask = key_and_password;
    o.judge = turn_it_round;
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    struct auth_request *r = request(&o, SALLY_AUTH_PUBLICKEY);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r->pub.succeeded = SALLY_AUTH_PUBLICKEY; /* by whatever other way */
    r = fixture_next(r, SALLY_AUTH_PASSWORD);
    r->pub.password = "right";
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r = fixture_next(r, SALLY_AUTH_PUBLICKEY); /* nor does it count as a success to `inner` */
    assert_true(auth_request_run(r));
    assert_int_equal(o.inner_data.succeeded, 0);
    end(&o, r);
}

/* ---- Dialogues ---- */

static struct auth_request *say(struct auth_request *before, const char *const *answers,
                                uint32_t count)
{
    uint32_t round = before->pub.round + 1;
    struct auth_request *r = fixture_next(before, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    r->pub.round = round;
    r->pub.answers = answers;
    r->pub.answer_count = count;
    assert_true(auth_request_run(r));
    assert_int_equal(r->pub.round, round);
    assert_int_equal(r->pub.answer_count, count);
    return r;
}

static sally_auth_result add_question(struct outer *o, sally_auth_request *request,
                                      sally_auth_result result)
{
    (void)o;
    if (result == SALLY_AUTH_PROMPT)
        assert_int_equal(sally_auth_add_prompt(request, "Code: ", true), SALLY_E_OK);
    return result;
}

static void questions_may_be_added(void **state)
{
    (void)state;
    static const char *const answers[] = {"secret", "123456"};
    struct outer o;
    begin(&o);
    o.judge = add_question;
    o.inner_data.result = SALLY_AUTH_PROMPT;
    struct auth_request *r = request(&o, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_PROMPT);
    assert_int_equal(r->prompt_count, 2);
    assert_string_equal(r->prompts[0].text, "Password: ");
    assert_string_equal(r->prompts[1].text, "Code: ");
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    r = say(r, answers, 2);
    assert_int_equal(o.inner_data.round, 1);
    assert_int_equal(o.inner_data.answer_count, 1); /* its own */
    assert_string_equal(o.inner_data.answer, "secret");
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    end(&o, r);
}

static sally_auth_result then_a_code(struct outer *o, sally_auth_request *request,
                                     sally_auth_result result)
{
    (void)o;
    if (result != SALLY_AUTH_ACCEPT)
        return result;
    assert_int_equal(sally_auth_add_prompt(request, "Code: ", true), SALLY_E_OK);
    return SALLY_AUTH_PROMPT;
}

/* The password in rounds 0 and 1 is inner's affair, the code in round 2 the asker's. */
static sally_auth_result password_and_code(struct outer *o, sally_auth_request *request)
{
    if (request->round < 2)
        return sally_auth_ask(o->inner, request, done, o);
    return strcmp(request->answers[0], "123456") == 0 ? sally_auth_accept_asked(request, o->inner)
                                                      : SALLY_AUTH_REJECT;
}

static struct auth_request *up_to_the_code(struct outer *o, struct auth_request *before)
{
    static const char *const secret[] = {"secret"};
    struct auth_request *r = before ? fixture_next(before, SALLY_AUTH_KEYBOARD_INTERACTIVE)
                                    : request(o, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    o->inner_data.result = SALLY_AUTH_PROMPT;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_PROMPT);
    assert_int_equal(o->inner_data.round, 0);
    o->inner_data.result = SALLY_AUTH_ACCEPT;
    r = say(r, secret, 1);
    assert_int_equal(o->inner_data.round, 1);
    assert_int_equal(r->result, SALLY_AUTH_PROMPT);
    assert_int_equal(r->prompt_count, 1);
    assert_string_equal(r->prompts[0].text, "Code: ");
    assert_null(r->answer.fs);
    return r;
}

static void a_dialogue_may_go_on(void **state)
{
    (void)state;
    static const char *const right[] = {"123456"}, *const wrong[] = {"654321"};
    struct outer o;
    begin(&o);
    o.ask = password_and_code;
    o.judge = then_a_code;
    o.inner_data.root = "/joe";
    struct auth_request *r = up_to_the_code(&o, NULL);
    r = say(r, wrong, 1);
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r = say(r, right, 1); /* what was accepted went with the dialogue */
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r = up_to_the_code(&o, r);
    /* A dialogue that is left takes it along, too. */
    r = fixture_next(r, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    o.inner_data.result = SALLY_AUTH_PROMPT;
    assert_true(auth_request_run(r));
    r->pub.round = 1;
    r = say(r, right, 1);
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    r = up_to_the_code(&o, r);
    r = say(r, right, 1);
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_string_equal(r->answer.root, "/joe");
    end(&o, r);
}

static sally_auth_result prompt_of_its_own(struct outer *o, sally_auth_request *request)
{
    if (request->round == 0) {
        assert_int_equal(sally_auth_add_prompt(request, "Which? ", true), SALLY_E_OK);
        return SALLY_AUTH_PROMPT;
    }
    return sally_auth_ask(o->inner, request, done, o);
}

static void rounds_count_from_the_first_question(void **state)
{
    (void)state;
    static const char *const answers[] = {"a"};
    struct outer o;
    begin(&o);
    o.ask = prompt_of_its_own;
    struct auth_request *r = request(&o, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    assert_true(auth_request_run(r));
    o.inner_data.result = SALLY_AUTH_PROMPT;
    r = say(r, answers, 1); /* the asker's question */
    assert_int_equal(o.inner_data.round, 0);
    assert_int_equal(o.inner_data.answer_count, 0);
    r = say(r, answers, 1);
    assert_int_equal(o.inner_data.round, 1);
    assert_int_equal(o.inner_data.answer_count, 1);
    r = say(r, answers, 1);
    assert_int_equal(o.inner_data.round, 2);
    end(&o, r);
}

/* ---- Memory ---- */

static void no_memory_rejects(void **state)
{
    (void)state;
    struct outer o;
    begin(&o);
    o.inner_data.result = SALLY_AUTH_ACCEPT;
    bool more = true;
    for (unsigned nth = 1; more; nth++) {
        struct auth_request *r = fixture_request(o.auth, SALLY_AUTH_PASSWORD);
        alloc_fail_at(nth);
        assert_true(auth_request_run(r));
        more = alloc_failed();
        if (nth == 1 || !more) /* what is offered is known without memory, too */
            assert_int_equal(r->result, more ? SALLY_AUTH_REJECT : SALLY_AUTH_ACCEPT);
        auth_request_free(r);
    }
    alloc_fail_at(0);
    struct auth_request *r = request(&o, SALLY_AUTH_PASSWORD);
    o.forgotten = o.inner_data.forgotten = 0;
    o.calls = o.inner_data.calls = 0;
    end(&o, r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_the_askers),
        cmocka_unit_test(without_a_judge_it_is_passed_on),
        cmocka_unit_test(an_answer_may_be_changed),
        cmocka_unit_test(methods_that_are_not_offered_are_not_asked_about),
        cmocka_unit_test(questions_about_keys),
        cmocka_unit_test(late_answers_are_judged_on_a_worker),
        cmocka_unit_test(the_judge_may_be_late_too),
        cmocka_unit_test(one_may_be_asked_while_the_request_is_pending),
        cmocka_unit_test(another_may_be_asked_then),
        cmocka_unit_test(through_several_levels),
        cmocka_unit_test(who_asks_itself_is_rejected),
        cmocka_unit_test(answers_race_with_returns),
        cmocka_unit_test(what_was_accepted_is_kept_for_the_last_factor),
        cmocka_unit_test(what_was_kept_is_let_go_with_the_connection),
        cmocka_unit_test(what_the_asker_rejects_is_not_kept),
        cmocka_unit_test(questions_may_be_added),
        cmocka_unit_test(a_dialogue_may_go_on),
        cmocka_unit_test(rounds_count_from_the_first_question),
        cmocka_unit_test(no_memory_rejects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
