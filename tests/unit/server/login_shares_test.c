/* Logins that wait for an authenticator: one kind does not keep the other waiting, and who has gone
 * is not asked about. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/fs.h"
#include "sallyport/storages.h"
#include "server/fixture.h"
#include "ssh/engine.h"

#define STRANGERS 4

/* Passwords wait until the gate is open; keys are right at once. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    uint32_t passwords, keys;
    sally_fs *fs;
    sally_server *server;
} scene;

static sally_auth_result authenticate(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    bool is_key = request->method == SALLY_AUTH_PUBLICKEY;
    pthread_mutex_lock(&scene.lock);
    if (is_key)
        scene.keys++;
    else
        scene.passwords++;
    pthread_cond_broadcast(&scene.changed);
    while (!is_key && !scene.open)
        pthread_cond_wait(&scene.changed, &scene.lock);
    pthread_mutex_unlock(&scene.lock);
    return is_key ? sally_auth_accept(request, scene.fs) : SALLY_AUTH_REJECT;
}

/* Whether the server has been sent its guess. */
static bool has_guessed(struct client *c)
{
    return c->ssh->state == AWAIT_AUTH && ssh_output(c->ssh).size == 0;
}

static bool is_asked(struct client *c)
{
    (void)c;
    pthread_mutex_lock(&scene.lock);
    bool asked = scene.passwords > 0;
    pthread_mutex_unlock(&scene.lock);
    return asked;
}

static void begin(void)
{
    const sally_auth_methods methods = {.struct_size = sizeof methods,
                                        .methods = SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY,
                                        .authenticate = authenticate};
    sally_auth *auth;
    memset(&scene, 0, sizeof scene);
    pthread_mutex_init(&scene.lock, NULL);
    pthread_cond_init(&scene.changed, NULL);
    assert_int_equal(sally_fs_memory(&scene.fs, 0), SALLY_E_OK);
    scene.server = keyed_server();
    assert_int_equal(sally_auth_new(&auth, &methods, NULL), SALLY_E_OK);
    assert_int_equal(sally_server_set_auth(scene.server, auth), SALLY_E_OK);
    sally_auth_unref(auth);
    assert_int_equal(sally_server_set(scene.server, "server.password_hash_jobs", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(scene.server, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(scene.server), SALLY_E_OK);
}

static void end(void)
{
    assert_int_equal(sally_server_free(scene.server), SALLY_E_OK);
    sally_fs_unref(scene.fs);
    pthread_cond_destroy(&scene.changed);
    pthread_mutex_destroy(&scene.lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&scene.lock);
    scene.open = true;
    pthread_cond_broadcast(&scene.changed);
    pthread_mutex_unlock(&scene.lock);
}

static bool is_refused(struct client *c)
{
    return c->login_failed || c->over;
}

static void start_guess(struct client *c)
{
    assert_true(client_connect(c, scene.server, NULL));
    ssh_client_login_password(c->ssh, "joe", "guess");
}

static sally_counters counters(void)
{
    sally_counters now = {.struct_size = sizeof now};
    sally_server_counters(scene.server, &now);
    return now;
}

static bool has_lost_one(struct client *c)
{
    (void)c;
    return counters().connections_now == STRANGERS;
}

static void passwords_that_wait_hold_up_no_keys(void **state)
{
    (void)state;
    struct client strangers[STRANGERS], ann;
    sally_key *key;
    begin();
    assert_int_equal(sally_key_generate(&key, "ed25519", 0), SALLY_E_OK);
    for (size_t i = 0; i < STRANGERS; i++) {
        start_guess(&strangers[i]);
        assert_true(client_run(&strangers[i], has_guessed, 10000));
        assert_true(client_run(&strangers[i], is_asked, 10000)); /* about the first one */
    }
    assert_true(client_connect(&ann, scene.server, NULL));
    assert_true(client_login_key(&ann, "ann", key));
    assert_int_equal(scene.passwords, 1);
    assert_int_equal(scene.keys, 1);
    /* One that is still queued goes: the authenticator never learns of it. */
    client_end(&strangers[STRANGERS - 1]);
    assert_true(client_run(&ann, has_lost_one, 10000));
    open_gate();
    for (size_t i = 0; i + 1 < STRANGERS; i++)
        assert_true(client_run(&strangers[i], is_refused, 10000));
    for (size_t i = 0; i + 1 < STRANGERS; i++)
        client_end(&strangers[i]);
    client_end(&ann);
    sally_key_unref(key);
    end();
    assert_int_equal(scene.passwords, STRANGERS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_that_wait_hold_up_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
