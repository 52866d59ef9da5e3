/* Storages and authenticators that do not answer: the end of the server is given up, and done
 * later.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "server/fixture.h"

/* One operation at a time, kept until it is let go: as PENDING, or inside the slot. */
struct keeper {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    sally_op *op;
    sally_auth_request *request;
    bool blocks, inside, let_go;
    atomic_uint cancels, destroyed;
};

static sally_status keep(sally_fs *fs, sally_op *op)
{
    struct keeper *k = sally_fs_data(fs);
    sally_status status = SALLY_PENDING;
    pthread_mutex_lock(&k->lock);
    k->inside = true;
    if (k->blocks) {
        pthread_cond_broadcast(&k->changed);
        while (!k->let_go)
            pthread_cond_wait(&k->changed, &k->lock);
        status = SALLY_NO_SUCH_FILE;
    } else {
        k->op = op;
        pthread_cond_broadcast(&k->changed);
    }
    pthread_mutex_unlock(&k->lock);
    return status;
}

static void note_cancel(sally_fs *fs, sally_op *op)
{
    struct keeper *k = sally_fs_data(fs);
    (void)op;
    atomic_fetch_add(&k->cancels, 1);
}

static void note_destroy(void *user_data)
{
    struct keeper *k = user_data;
    atomic_fetch_add(&k->destroyed, 1);
}

static void keeper_init(struct keeper *k)
{
    *k = (struct keeper){.op = NULL};
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
}

static void keeper_clear(struct keeper *k)
{
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
}

static void await_inside(struct keeper *k)
{
    pthread_mutex_lock(&k->lock);
    while (!k->inside)
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

static void let_go(struct keeper *k)
{
    pthread_mutex_lock(&k->lock);
    k->let_go = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    if (k->op)
        sally_op_finish(k->op, SALLY_NO_SUCH_FILE);
}

static sally_server *stalled_server(struct keeper *k, bool blocks, bool on_loop, const char *time)
{
    const sally_fs_methods methods = {.struct_size = sizeof methods,
                                      .traits = blocks && !on_loop ? 0 : SALLY_FS_NONBLOCKING,
                                      .stat = keep,
                                      .cancel = note_cancel,
                                      .destroy = note_destroy};
    sally_fs *fs;
    keeper_init(k);
    k->blocks = blocks;
    assert_int_equal(sally_fs_new(&fs, &methods, k), SALLY_E_OK);
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_set(s, "limits.storage_time", time), SALLY_E_OK);
    return s;
}

static void note_line(void *user_data, const sally_log_line *line)
{
    if (strcmp(line->event, "server.stalled") == 0 && strstr(line->message, "stat \"/held\""))
        atomic_fetch_add((atomic_uint *)user_data, 1);
}

static void assert_names_the_operation(sally_server *s)
{
    assert_non_null(strstr(sally_server_error(s), "stat \"/held\" of \"joe\""));
}

static void the_end_is_given_up_and_comes_later(void **state)
{
    (void)state;
    for (int blocks = 0; blocks < 2; blocks++) {
        struct keeper k;
        struct client c;
        atomic_uint lines = 0;
        sally_server *s = stalled_server(&k, blocks, false, "200ms");
        assert_int_equal(sally_server_set_log(s, note_line, &lines, SALLY_LOG_ERROR), SALLY_E_OK);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        client_open(&c, s, "joe", "secret");
        send_stat(&c, "/held");
        await_inside(&k);
        uint64_t start = now_ms();
        assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
        (void)client_run(&c, client_is_over, 5000);
        client_end(&c);
        assert_int_equal(sally_server_wait(s), SALLY_E_BUSY);
        assert_true(now_ms() - start < 5000);
        assert_names_the_operation(s);
        assert_int_equal(lines, 1);
        assert_int_equal(sally_server_free(s), SALLY_E_BUSY);
        assert_names_the_operation(s);
        assert_int_equal(lines, 2);
        assert_int_equal(k.cancels, blocks ? 0 : 1);
        assert_int_equal(k.destroyed, 0);
        let_go(&k);
        if (blocks)
            assert_int_equal(sally_server_wait(s), SALLY_E_OK);
        assert_int_equal(sally_server_free(s), SALLY_E_OK);
        assert_int_equal(k.destroyed, 1);
        keeper_clear(&k);
    }
}

static void *let_go_soon(void *user_data)
{
    nap(100);
    let_go(user_data);
    return NULL;
}

/* Who answers in time is waited for, however long the default is. */
static void an_answer_in_time_is_waited_for(void **state)
{
    (void)state;
    struct keeper k;
    struct client c;
    pthread_t thread;
    sally_server *s = stalled_server(&k, true, false, "1h");
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    client_open(&c, s, "joe", "secret");
    send_stat(&c, "/held");
    await_inside(&k);
    client_end(&c);
    assert_int_equal(pthread_create(&thread, NULL, let_go_soon, &k), 0);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    pthread_join(thread, NULL);
    keeper_clear(&k);
}

/* A storage that said it never waits, and does: its loop cannot say what it is. */
static void a_loop_that_is_held_is_told(void **state)
{
    (void)state;
    struct keeper k;
    struct client c;
    sally_server *s = stalled_server(&k, true, true, "100ms");
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    client_open(&c, s, "joe", "secret");
    send_stat(&c, "/held");
    await_inside(&k);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_BUSY);
    assert_non_null(strstr(sally_server_error(s), "a callback on a network thread"));
    let_go(&k);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    assert_int_equal(k.destroyed, 1);
    keeper_clear(&k);
}

static void pump_mode_gives_up_too(void **state)
{
    (void)state;
    struct keeper k;
    struct client c;
    sally_server *s = stalled_server(&k, false, false, "100ms");
    assert_int_equal(sally_server_poll(s, 0), 1);
    assert_true(client_connect(&c, s, s));
    assert_true(client_login(&c, "joe", "secret"));
    assert_true(client_sftp(&c));
    send_stat(&c, "/held");
    for (int i = 0; i < 1000 && !k.inside; i++)
        (void)client_run(&c, NULL, 5);
    assert_true(k.inside);
    client_end(&c);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    int going = 1;
    while (going > 0) {
        assert_true(sally_server_timeout(s) >= 0); /* a loop of the program's own comes back, too */
        going = sally_server_poll(s, -1);
    }
    assert_int_equal(going, SALLY_E_BUSY);
    assert_names_the_operation(s);
    assert_int_equal(sally_server_poll(s, 0), 1);
    assert_int_equal(sally_server_free(s), SALLY_E_BUSY);
    let_go(&k);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    assert_int_equal(k.destroyed, 1);
    keeper_clear(&k);
}

/* ---- The same for logins ---- */

static sally_auth_result keep_login(sally_auth *auth, sally_auth_request *request)
{
    struct keeper *k = sally_auth_data(auth);
    pthread_mutex_lock(&k->lock);
    k->request = request;
    k->inside = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    return SALLY_AUTH_PENDING;
}

static void *log_in(void *user_data)
{
    assert_false(client_login(user_data, "ann", "secret"));
    return NULL;
}

static void a_login_that_is_held_is_named(void **state)
{
    (void)state;
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PASSWORD, .authenticate = keep_login};
    struct keeper k;
    struct client c;
    sally_auth *auth;
    sally_server *s;
    pthread_t thread;
    keeper_init(&k);
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_auth_new(&auth, &methods, &k), SALLY_E_OK);
    assert_int_equal(sally_server_set_auth(s, auth), SALLY_E_OK);
    sally_auth_unref(auth);
    assert_int_equal(sally_server_set(s, "limits.storage_time", "100ms"), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_true(client_connect(&c, s, NULL));
    assert_int_equal(pthread_create(&thread, NULL, log_in, &c), 0);
    await_inside(&k);
    assert_int_equal(sally_server_free(s), SALLY_E_BUSY);
    assert_non_null(strstr(sally_server_error(s), "the login of \"ann\""));
    pthread_join(thread, NULL);
    client_end(&c);
    sally_auth_finish(k.request, SALLY_AUTH_REJECT);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    keeper_clear(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_given_up_and_comes_later),
        cmocka_unit_test(an_answer_in_time_is_waited_for),
        cmocka_unit_test(a_loop_that_is_held_is_told),
        cmocka_unit_test(pump_mode_gives_up_too),
        cmocka_unit_test(a_login_that_is_held_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
