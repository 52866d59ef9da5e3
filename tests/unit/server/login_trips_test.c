/* Logins by key that are signed at once: how often they change threads, and that nothing is
 * verified that need not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "loop/workers.h"
#include "os/thread.h"
#include "server/fixture.h"

static _Atomic uint32_t trips; /* to workers, for logins by key */

void __real_workers_give_task(struct workers *w, enum work kind, struct share *share,
                              struct task *task);
void __wrap_workers_give_task(struct workers *w, enum work kind, struct share *share,
                              struct task *task);

void __wrap_workers_give_task(struct workers *w, enum work kind, struct share *share,
                              struct task *task)
{
    if (kind == WORK_KEYS)
        atomic_fetch_add(&trips, 1);
    __real_workers_give_task(w, kind, share, task);
}

/* An authenticator that may wait, since nothing is known of its methods. */
struct scene {
    sally_server *server;
    sally_key *key, *other;
    sally_fs *fs;
    bool late, wants_more;
    uint64_t asked_on, tried_on; /* threads */
    _Atomic uint32_t asked, tried, rejected;
    char reason[64], method[32];
    uint32_t attempt;
};

static sally_auth_result may_try(sally_auth *auth, sally_auth_request *request)
{
    struct scene *s = sally_auth_data(auth);
    atomic_fetch_add(&s->asked, 1);
    s->asked_on = os_thread_id();
    bool known = strcmp(request->key_fingerprint, sally_key_fingerprint(s->key)) == 0;
    sally_auth_result result = known ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT;
    if (!s->late)
        return result;
    sally_auth_finish(request, result);
    return SALLY_AUTH_PENDING;
}

static sally_auth_result authenticate(sally_auth *auth, sally_auth_request *request)
{
    struct scene *s = sally_auth_data(auth);
    atomic_fetch_add(&s->tried, 1);
    s->tried_on = os_thread_id();
    s->attempt = request->attempt;
    if (s->wants_more && !request->succeeded)
        return sally_auth_partial(request, SALLY_AUTH_PUBLICKEY);
    sally_auth_result result = sally_auth_accept(request, s->fs);
    if (!s->late)
        return result;
    sally_auth_finish(request, result);
    return SALLY_AUTH_PENDING;
}

static void on_authenticated(void *user_data, sally_connection *connection,
                             const sally_auth_event *event)
{
    struct scene *s = user_data;
    (void)connection;
    if (event->result != SALLY_AUTH_REJECT)
        return;
    snprintf(s->reason, sizeof s->reason, "%s", event->reason);
    snprintf(s->method, sizeof s->method, "%s", event->method);
    atomic_fetch_add(&s->rejected, 1);
}

static void begin(struct scene *s)
{
    static const sally_auth_methods methods = {.struct_size = sizeof methods,
                                               .methods = SALLY_AUTH_PUBLICKEY,
                                               .may_try_key = may_try,
                                               .authenticate = authenticate};
    sally_auth *auth;
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .authenticated = on_authenticated, .user_data = s};
    s->server = keyed_server();
    assert_int_equal(sally_fs_memory(&s->fs, 0), SALLY_E_OK);
    assert_int_equal(sally_key_generate(&s->key, "ed25519", 0), SALLY_E_OK);
    assert_int_equal(sally_key_generate(&s->other, "ed25519", 0), SALLY_E_OK);
    assert_int_equal(sally_auth_new(&auth, &methods, s), SALLY_E_OK);
    assert_int_equal(sally_server_set_auth(s->server, auth), SALLY_E_OK);
    sally_auth_unref(auth);
    assert_int_equal(sally_server_add_hooks(s->server, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s->server, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s->server), SALLY_E_OK);
    atomic_store(&trips, 0);
}

static void end(struct scene *s)
{
    finish(s->server);
    sally_key_unref(s->key);
    sally_key_unref(s->other);
    sally_fs_unref(s->fs);
}

static bool is_answered(struct client *c)
{
    return c->logged_in || c->login_failed || c->over;
}

/* Signed at once. */
static bool log_in(struct client *c, const sally_key *key)
{
    c->login_failed = false;
    ssh_client_login_key(c->ssh, "joe", key, false);
    return client_run(c, is_answered, 10000) && c->logged_in;
}

static void one_trip(void **state)
{
    (void)state;
    struct scene s = {0};
    struct client c;
    begin(&s);
    assert_true(client_connect(&c, s.server, NULL));
    assert_true(log_in(&c, s.key));
    assert_int_equal(atomic_load(&trips), 1);
    assert_int_equal(s.asked_on, s.tried_on);
    assert_int_equal(atomic_load(&s.asked), 1);
    assert_int_equal(atomic_load(&s.tried), 1);
    assert_int_equal(s.attempt, 1);
    assert_true(client_sftp(&c));
    client_end(&c);
    end(&s);
}

static void strangers_take_one_trip_too(void **state)
{
    (void)state;
    struct scene s = {0};
    struct client c;
    begin(&s);
    assert_true(client_connect(&c, s.server, NULL));
    assert_false(log_in(&c, s.other));
    assert_int_equal(atomic_load(&trips), 1);
    assert_int_equal(atomic_load(&s.tried), 0);
    assert_int_equal(atomic_load(&s.rejected), 1);
    assert_string_equal(s.reason, "");
    client_end(&c);
    end(&s);
}

static void late_answers_take_what_it_takes(void **state)
{
    (void)state;
    struct scene s = {.late = true};
    struct client c;
    begin(&s);
    assert_true(client_connect(&c, s.server, NULL));
    assert_true(log_in(&c, s.key));
    assert_int_equal(atomic_load(&s.asked), 1);
    assert_int_equal(atomic_load(&s.tried), 1);
    client_end(&c);
    end(&s);
}

static void a_factor_is_kept(void **state)
{
    (void)state;
    struct scene s = {.wants_more = true};
    struct client c;
    begin(&s);
    assert_true(client_connect(&c, s.server, NULL));
    assert_false(log_in(&c, s.key));
    assert_true(log_in(&c, s.key)); /* allowed already: not asked about again */
    assert_int_equal(atomic_load(&s.asked), 1);
    assert_int_equal(atomic_load(&s.tried), 2);
    client_end(&c);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_trip),
        cmocka_unit_test(strangers_take_one_trip_too),
        cmocka_unit_test(late_answers_take_what_it_takes),
        cmocka_unit_test(a_factor_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
