#include <pthread.h>

#include "fixture.h"

/* An authenticator that answers as its owner says, at once or from another thread. */
struct script {
    sally_auth_result result;
    bool accept_first, early, late;
    sally_fs *fs;
    sally_auth_request *pending;
    int calls;
    pthread_t thread;
};

static void *finish_from_thread(void *user_data)
{
    struct script *s = user_data;
    sally_auth_finish(s->pending, s->result);
    return NULL;
}

static sally_auth_result scripted(sally_auth *auth, sally_auth_request *request)
{
    struct script *s = sally_auth_data(auth);
    s->calls++;
    if (s->accept_first)
        (void)sally_auth_accept(request, s->fs);
    s->pending = request;
    if (s->early) {
        sally_auth_finish(request, s->result);
        return SALLY_AUTH_PENDING;
    }
    if (s->late) {
        assert_int_equal(pthread_create(&s->thread, NULL, finish_from_thread, s), 0);
        return SALLY_AUTH_PENDING;
    }
    return s->result;
}

static sally_auth *scripted_auth(struct script *s, uint32_t methods)
{
    const sally_auth_methods m = {
        .struct_size = sizeof m, .methods = methods, .authenticate = scripted};
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, &m, s), SALLY_E_OK);
    return auth;
}

static void answers_at_once(void **state)
{
    (void)state;
    int destroyed = 0;
    struct script s = {.result = SALLY_AUTH_ACCEPT, .accept_first = true};
    s.fs = fixture_fs(&destroyed);
    sally_auth *auth = scripted_auth(&s, SALLY_AUTH_PASSWORD);
    struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
    sally_auth_unref(auth); /* the request holds it */
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_ptr_equal(r->answer.fs, s.fs);
    assert_int_equal(r->answer.permissions, SALLY_MAY_ALL);
    sally_fs_unref(s.fs);
    assert_int_equal(destroyed, 0);
    auth_request_free(r);
    assert_int_equal(destroyed, 1);
}

/* What is not a whole answer is a no. */
static void half_answers_reject(void **state)
{
    (void)state;
    struct script s = {.fs = fixture_fs(NULL)};
    sally_auth *auth = scripted_auth(&s, SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE);
    static const struct {
        sally_auth_result result;
        bool accept_first;
    } answers[] = {
        {SALLY_AUTH_ACCEPT, false}, /* no storage */
        {SALLY_AUTH_PARTIAL, true}, /* nothing to follow */
        {SALLY_AUTH_PROMPT, true},  /* this is no dialogue */
        {SALLY_AUTH_REJECT, true},  {7, true}, {-2, true}, {INT32_MIN, true}, {INT32_MAX, true},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        s.result = answers[i].result;
        s.accept_first = answers[i].accept_first;
        struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
        assert_true(auth_request_run(r));
        assert_int_equal(r->result, SALLY_AUTH_REJECT);
        assert_null(r->answer.fs);
        auth_request_free(r);
    }
    sally_fs_unref(s.fs);
    sally_auth_unref(auth);
}

static void methods_without_part_are_not_asked(void **state)
{
    (void)state;
    struct script s = {.result = SALLY_AUTH_ACCEPT, .accept_first = true, .fs = fixture_fs(NULL)};
    sally_auth *auth = scripted_auth(&s, SALLY_AUTH_PASSWORD);
    static const uint32_t others[] = {0, SALLY_AUTH_NONE, SALLY_AUTH_PUBLICKEY,
                                      SALLY_AUTH_KEYBOARD_INTERACTIVE};
    for (size_t i = 0; i < 4; i++) {
        struct auth_request *r = fixture_request(auth, others[i]);
        assert_true(auth_request_run(r));
        assert_int_equal(r->result, SALLY_AUTH_REJECT);
        auth_request_free(r);
    }
    assert_int_equal(s.calls, 0);
    sally_fs_unref(s.fs);
    sally_auth_unref(auth);
}

static void finish_before_return(void **state)
{
    (void)state;
    int wakes = 0;
    struct script s = {
        .result = SALLY_AUTH_ACCEPT, .accept_first = true, .early = true, .fs = fixture_fs(NULL)};
    sally_auth *auth = scripted_auth(&s, SALLY_AUTH_PASSWORD);
    struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
    r->owner = &wakes;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_int_equal(wakes, 0);
    auth_request_free(r);
    sally_fs_unref(s.fs);
    sally_auth_unref(auth);
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int wakes;
};

static void wake_waiter(struct auth_request *r)
{
    struct waiter *w = r->owner;
    pthread_mutex_lock(&w->lock);
    w->wakes++;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* The finish of another thread against the return of the method, many times: exactly one of the two
 * brings the answer. */
static void finish_from_another_thread(void **state)
{
    (void)state;
    struct waiter w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    struct script s = {.accept_first = true, .late = true, .fs = fixture_fs(NULL)};
    sally_auth *auth = scripted_auth(&s, SALLY_AUTH_PASSWORD);
    for (int i = 0; i < 500; i++) {
        s.result = i % 2 ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT;
        struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
        r->owner = &w;
        r->wake = wake_waiter;
        w.wakes = 0;
        bool at_once = auth_request_run(r);
        if (!at_once) {
            pthread_mutex_lock(&w.lock);
            while (!w.wakes)
                pthread_cond_wait(&w.changed, &w.lock);
            pthread_mutex_unlock(&w.lock);
        }
        assert_int_equal(r->result, s.result);
        assert_int_equal(r->answer.fs != NULL, i % 2);
        pthread_join(s.thread, NULL);
        assert_int_equal(w.wakes, at_once ? 0 : 1);
        auth_request_free(r);
    }
    sally_fs_unref(s.fs);
    sally_auth_unref(auth);
}

static void late_answer_after_return(void **state)
{
    (void)state;
    int wakes = 0;
    struct script s = {.result = SALLY_AUTH_PENDING, .fs = fixture_fs(NULL)};
    sally_auth *auth = scripted_auth(&s, SALLY_AUTH_PASSWORD);
    struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
    r->owner = &wakes;
    assert_false(auth_request_run(r));
    assert_int_equal(wakes, 0);
    sally_auth_finish(s.pending, sally_auth_accept(s.pending, s.fs));
    assert_int_equal(wakes, 1);
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    auth_request_free(r);
    sally_fs_unref(s.fs);
    sally_auth_unref(auth);
}

static void keys_without_may_try_are_all_asked_for(void **state)
{
    (void)state;
    struct script s = {0};
    sally_auth *with = scripted_auth(&s, SALLY_AUTH_PUBLICKEY);
    sally_auth *without = scripted_auth(&s, SALLY_AUTH_PASSWORD);
    assert_int_equal(try_key(with, "joe", KEY_A, true, 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_key(without, "joe", KEY_A, true, 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(s.calls, 0); /* a question is not an attempt */
    sally_auth_unref(with);
    sally_auth_unref(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_at_once),
        cmocka_unit_test(half_answers_reject),
        cmocka_unit_test(methods_without_part_are_not_asked),
        cmocka_unit_test(finish_before_return),
        cmocka_unit_test(finish_from_another_thread),
        cmocka_unit_test(late_answer_after_return),
        cmocka_unit_test(keys_without_may_try_are_all_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
