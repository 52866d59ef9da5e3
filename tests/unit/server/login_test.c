/* Authenticators of every kind, on a running server: late ones, in several steps, with questions,
 * with settings. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/fs.h"
#include "sallyport/storages.h"
#include "server/fixture.h"

struct scene {
    sally_fs *fs;
    sally_key *key;
    sally_server *server;
    _Atomic uint32_t asked, forgotten, states, events, accepted, partial, rejected;
    _Atomic int32_t setting_error;
    char last_method[32], last_fingerprint[64];
};

static void on_event(void *user_data, sally_connection *connection, const sally_auth_event *event)
{
    struct scene *scene = user_data;
    assert_string_equal(sally_connection_peer(connection)->address, "127.0.0.1");
    atomic_fetch_add(&scene->events, 1);
    _Atomic uint32_t *sum = event->result == SALLY_AUTH_ACCEPT    ? &scene->accepted
                            : event->result == SALLY_AUTH_PARTIAL ? &scene->partial
                                                                  : &scene->rejected;
    atomic_fetch_add(sum, 1);
    snprintf(scene->last_method, sizeof scene->last_method, "%s", event->method);
    snprintf(scene->last_fingerprint, sizeof scene->last_fingerprint, "%s", event->fingerprint);
}

static void forget(sally_auth *auth, void *state)
{
    struct scene *scene = sally_auth_data(auth);
    mem_free(state);
    atomic_fetch_add(&scene->forgotten, 1);
}

static void begin(struct scene *scene, const sally_auth_methods *methods)
{
    memset(scene, 0, sizeof *scene);
    assert_int_equal(sally_fs_memory(&scene->fs, 0), SALLY_E_OK);
    scene->server = keyed_server();
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, methods, scene), SALLY_E_OK);
    assert_int_equal(sally_server_set_auth(scene->server, auth), SALLY_E_OK);
    sally_auth_unref(auth);
    assert_int_equal(sally_server_add_user(scene->server, "joe", "x", scene->fs), SALLY_E_STATE);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .authenticated = on_event, .user_data = scene};
    assert_int_equal(sally_server_add_hooks(scene->server, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(scene->server, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(scene->server), SALLY_E_OK);
}

static void end(struct scene *scene)
{
    assert_int_equal(sally_server_free(scene->server), SALLY_E_OK);
    sally_fs_unref(scene->fs);
    sally_key_unref(scene->key);
}

/* ---- Late answers ---- */

static void *answer_later(void *argument)
{
    sally_auth_request *request = argument;
    struct timespec t = {0, 30000000};
    nanosleep(&t, NULL);
    sally_auth_finish(request, strcmp(request->password, "secret") == 0 ? SALLY_AUTH_ACCEPT
                                                                        : SALLY_AUTH_REJECT);
    return NULL;
}

static sally_auth_result ask_somebody(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    atomic_fetch_add(&scene->asked, 1);
    (void)sally_auth_accept(request, scene->fs);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_later, request), 0);
    pthread_detach(thread);
    return SALLY_AUTH_PENDING;
}

static void answers_may_come_late(void **state)
{
    (void)state;
    const sally_auth_methods methods = {.struct_size = sizeof methods,
                                        .methods = SALLY_AUTH_PASSWORD,
                                        .authenticate = ask_somebody};
    struct scene scene;
    struct client c, gone[4];
    begin(&scene, &methods);
    assert_true(client_connect(&c, scene.server, NULL));
    assert_false(client_login(&c, "joe", "wrong"));
    assert_true(client_login(&c, "joe", "secret"));
    assert_true(client_sftp(&c));
    client_end(&c);
    for (size_t i = 0; i < COUNT_OF(gone); i++) { /* left before the answer */
        uint32_t asked = atomic_load(&scene.asked);
        assert_true(client_connect(&gone[i], scene.server, NULL));
        ssh_client_login_password(gone[i].ssh, "joe", "secret");
        for (int k = 0; k < 500 && atomic_load(&scene.asked) == asked; k++)
            (void)client_run(&gone[i], NULL, 2);
        client_end(&gone[i]);
    }
    end(&scene);
    assert_int_equal(atomic_load(&scene.asked), 6);
}

/* ---- Two factors, with questions ---- */

static sally_auth_result two_factors(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    atomic_fetch_add(&scene->asked, 1);
    if (!request->state) {
        request->state = mem_alloc(1);
        atomic_fetch_add(&scene->states, 1);
    }
    if (request->method == SALLY_AUTH_PASSWORD)
        return strcmp(request->password, "secret") == 0
                   ? sally_auth_partial(request, SALLY_AUTH_KEYBOARD_INTERACTIVE)
                   : SALLY_AUTH_REJECT;
    if (!(request->succeeded & SALLY_AUTH_PASSWORD))
        return SALLY_AUTH_REJECT;
    if (request->round == 0) {
        assert_int_equal(sally_auth_set_instruction(request, "Code", "Look at your token"),
                         SALLY_E_OK);
        assert_int_equal(sally_auth_add_prompt(request, "Code: ", true), SALLY_E_OK);
        assert_int_equal(sally_auth_add_prompt(request, "Again: ", false), SALLY_E_OK);
        return SALLY_AUTH_PROMPT;
    }
    assert_int_equal(request->answer_count, 2);
    return strcmp(request->answers[0], "123456") == 0 ? sally_auth_accept(request, scene->fs)
                                                      : SALLY_AUTH_REJECT;
}

static void factors_add_up_and_are_lost_with_the_user(void **state)
{
    (void)state;
    const sally_auth_methods methods = {.struct_size = sizeof methods,
                                        .methods =
                                            SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE,
                                        .authenticate = two_factors,
                                        .forget = forget};
    struct scene scene;
    struct client c;
    begin(&scene, &methods);
    assert_true(client_connect(&c, scene.server, NULL));
    assert_false(client_login_interactive(&c, "joe", "123456")); /* the password first */
    assert_false(client_login(&c, "joe", "secret"));             /* right, but not enough */
    assert_int_equal(atomic_load(&scene.partial), 1);
    assert_false(client_login_interactive(&c, "ann", "123456")); /* someone else's password */
    assert_false(client_login(&c, "joe", "secret"));
    assert_true(client_login_interactive(&c, "joe", "123456"));
    assert_int_equal(c.prompted, 1);
    assert_true(client_sftp(&c));
    assert_string_equal(scene.last_method, "keyboard-interactive");
    assert_int_equal(atomic_load(&scene.accepted), 1);
    client_end(&c);
    end(&scene);
    assert_true(atomic_load(&scene.states) >= 3); /* one per change of the name */
    assert_int_equal(atomic_load(&scene.forgotten), atomic_load(&scene.states));
}

/* An authenticator that relies on what it offers, and never looks at what has succeeded. */
static uint32_t first_one_then_the_other(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    return request->succeeded & SALLY_AUTH_PASSWORD ? SALLY_AUTH_KEYBOARD_INTERACTIVE
                                                    : SALLY_AUTH_PASSWORD;
}

static sally_auth_result trusting(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    if (request->method == SALLY_AUTH_PASSWORD)
        return strcmp(request->password, "secret") == 0
                   ? sally_auth_partial(request, SALLY_AUTH_KEYBOARD_INTERACTIVE)
                   : SALLY_AUTH_REJECT;
    if (request->round == 0)
        return sally_auth_add_prompt(request, "Code: ", false) ? SALLY_AUTH_REJECT
                                                               : SALLY_AUTH_PROMPT;
    return strcmp(request->answers[0], "123456") == 0 ? sally_auth_accept(request, scene->fs)
                                                      : SALLY_AUTH_REJECT;
}

static void only_what_is_offered_may_be_tried(void **state)
{
    (void)state;
    sally_auth_methods methods = {.struct_size = sizeof methods,
                                  .methods = SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE,
                                  .authenticate = trusting,
                                  .offered = first_one_then_the_other};
    for (int i = 0; i < 2; i++) {
        struct scene scene;
        struct client c;
        begin(&scene, &methods);
        assert_true(client_connect(&c, scene.server, NULL));
        if (methods.offered) /* without it, both are offered from the start */
            assert_false(client_login_interactive(&c, "joe", "123456"));
        assert_false(client_login(&c, "joe", "secret"));
        assert_false(client_login(&c, "joe", "secret")); /* the other factor must follow */
        assert_int_equal(atomic_load(&scene.partial), 1);
        assert_true(client_login_interactive(&c, "joe", "123456"));
        client_end(&c);
        end(&scene);
        methods.offered = NULL;
    }
}

/* ---- What an accepted login gets ---- */

static sally_auth_result confine(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    if (strcmp(request->user, "nothing") == 0)
        return SALLY_AUTH_ACCEPT; /* forgot the storage */
    if (strcmp(request->user, "joe") == 0) {
        sally_error error = sally_auth_set(request, "sftp.deny_requests", "stat");
        if (sally_auth_set(request, "server.loops", "2") != SALLY_E_UNSUPPORTED ||
            sally_auth_set(request, "ssh.nothing", "2") != SALLY_E_NOT_FOUND ||
            sally_auth_set(request, "limits.operations", "none") != SALLY_E_PARSE)
            error = SALLY_E_INVALID;
        if (!error)
            error = sally_auth_set(request, "limits.connections_per_user", "1");
        atomic_store(&scene->setting_error, error);
    } else {
        assert_int_equal(sally_auth_set_root(request, "/sub"), SALLY_E_OK);
        assert_int_equal(sally_auth_set_home(request, "/home"), SALLY_E_OK);
        sally_auth_set_permissions(request, SALLY_MAY_VIEW);
    }
    assert_int_equal(sally_auth_add_banner(request, "Welcome\r\n"), SALLY_E_OK);
    return sally_auth_accept(request, scene->fs);
}

static void logins_get_what_they_are_given(void **state)
{
    (void)state;
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PASSWORD, .authenticate = confine};
    struct scene scene;
    struct client joe, second, ann, nothing;
    struct buf handle, body;
    begin(&scene, &methods);
    client_open(&joe, scene.server, "joe", "x");
    assert_int_equal(atomic_load(&scene.setting_error), SALLY_E_OK);
    assert_int_equal(client_stat(&joe, "/"), 3); /* denied */
    buf_init(&body, 256);
    static const char *const dirs[] = {"/sub", "/sub/home"};
    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        buf_reset(&body);
        put_text(&body, dirs[i]);
        put_u32(&body, 0);
        assert_int_equal(client_ask(&joe, 14, &body, NULL), 0);
    }
    assert_true(client_open_file(&joe, "/sub/home/file", 0x2 | 0x8, &handle));
    assert_int_equal(client_close_file(&joe, &handle), 0);
    buf_clear(&handle);

    assert_true(client_connect(&second, scene.server, NULL));
    assert_false(client_login(&second, "joe", "x")); /* the limit that came with the login */
    assert_true(second.over || client_run(&second, client_is_over, 5000));
    client_end(&second);

    client_open(&ann, scene.server, "ann", "x");
    assert_int_equal(client_stat(&ann, "file"), 0); /* relative to the home, below the root */
    assert_int_equal(client_stat(&ann, "/home/file"), 0);
    assert_int_equal(client_stat(&ann, "/sub/home/file"), 2);
    assert_int_equal(client_stat(&ann, "/../sub/home/file"), 2);
    assert_false(client_open_file(&ann, "/home/other", 0x2 | 0x8, &handle));
    buf_clear(&handle);

    assert_true(client_connect(&nothing, scene.server, NULL));
    assert_false(client_login(&nothing, "nothing", "x"));
    client_end(&nothing);
    client_end(&ann);
    client_end(&joe);
    buf_clear(&body);
    end(&scene);
}

/* ---- Layers of settings ---- */

static sally_auth_result set_lists(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    if (strcmp(request->password, "x") != 0)
        return SALLY_AUTH_REJECT;
    sally_error error = sally_auth_set(request, "sftp.deny_requests", "+mkdir");
    if (!error)
        error = sally_auth_set(request, "limits.connections_per_user", "1");
    if (!error && strcmp(request->user, "nobody") == 0)
        error = sally_auth_set(request, "sftp.allow_requests", "-lstat,stat,mkdir,rmdir");
    atomic_store(&scene->setting_error, error);
    return sally_auth_accept(request, scene->fs);
}

static bool find_stranger(void *user_data, const sally_connection_info *info)
{
    if (!*info->user)
        *(uint64_t *)user_data = info->id;
    return true;
}

static int ask_path(struct client *c, uint8_t type, const char *path)
{
    struct buf body;
    buf_init(&body, 256);
    put_text(&body, path);
    if (type == 14)
        put_u32(&body, 0);
    int status = client_ask(c, type, &body, NULL);
    buf_clear(&body);
    return status;
}

static void layers_of_settings_add_up(void **state)
{
    (void)state;
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PASSWORD, .authenticate = set_lists};
    struct scene scene;
    struct client first, c, third;
    uint64_t id = 0;
    begin(&scene, &methods);
    sally_server *s = scene.server;
    client_open(&first, s, "joe", "x");
    assert_int_equal(sally_server_set(s, "sftp.deny_requests", "rmdir"), SALLY_E_OK);
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", ""));
    assert_int_equal(sally_server_each_connection(s, find_stranger, &id), SALLY_E_OK);
    /* Set before the login, and kept when that sets more. */
    assert_int_equal(sally_server_set_connection(s, id, "sftp.deny_requests", "+lstat"),
                     SALLY_E_OK);
    assert_int_equal(sally_server_set_connection(s, id, "limits.connections_per_user", "2"),
                     SALLY_E_OK);
    assert_true(client_login(&c, "joe", "x"));
    assert_int_equal(atomic_load(&scene.setting_error), SALLY_E_OK);
    assert_true(client_sftp(&c));
    assert_int_equal(ask_path(&c, 14, "/new"), 3); /* the user's layer */
    assert_int_equal(ask_path(&c, 15, "/new"), 3); /* the server's */
    assert_int_equal(ask_path(&c, 7, "/"), 3);     /* the connection's */
    assert_int_equal(client_stat(&c, "/"), 0);
    /* Two are in, since one of them may be the second; a third may not. */
    assert_true(client_connect(&third, s, NULL));
    assert_false(client_login(&third, "joe", "x"));
    client_end(&third);
    client_end(&first);
    client_end(&c);
    end(&scene);
}

/* An empty list of what is allowed would allow everything. */
static void a_login_that_empties_a_list_is_rejected(void **state)
{
    (void)state;
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PASSWORD, .authenticate = set_lists};
    struct scene scene;
    struct client c;
    begin(&scene, &methods);
    assert_int_equal(sally_server_set(scene.server, "sftp.allow_requests", "stat,lstat"),
                     SALLY_E_OK);
    assert_true(client_connect(&c, scene.server, NULL));
    assert_false(client_login(&c, "nobody", "x"));
    assert_int_equal(atomic_load(&scene.setting_error), SALLY_E_OK);
    assert_true(c.over || client_run(&c, client_is_over, 5000));
    client_end(&c);
    client_open(&c, scene.server, "joe", "x");
    assert_int_equal(client_stat(&c, "/"), 0);
    client_end(&c);
    end(&scene);
}

/* ---- Keys ---- */

static sally_auth_result may_try(sally_auth *auth, sally_auth_request *request)
{
    const struct scene *scene = sally_auth_data(auth);
    bool known = strcmp(request->key_fingerprint, sally_key_fingerprint(scene->key)) == 0;
    return known ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT;
}

static sally_auth_result prove(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    atomic_fetch_add(&scene->asked, 1);
    if (may_try(auth, request) != SALLY_AUTH_ACCEPT)
        return SALLY_AUTH_REJECT;
    assert_string_equal(request->key_type, sally_key_type(scene->key));
    return sally_auth_accept(request, scene->fs);
}

static void keys_are_asked_about_and_proved(void **state)
{
    (void)state;
    const sally_auth_methods methods = {.struct_size = sizeof methods,
                                        .methods = SALLY_AUTH_PUBLICKEY,
                                        .may_try_key = may_try,
                                        .authenticate = prove};
    static const char *const types[] = {"ed25519", "ecdsa-nistp256", "rsa"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct scene scene;
        struct client c;
        sally_key *other;
        begin(&scene, &methods);
        assert_int_equal(sally_key_generate(&scene.key, types[i], 2048), SALLY_E_OK);
        assert_int_equal(sally_key_generate(&other, types[i], 2048), SALLY_E_OK);
        assert_true(client_connect(&c, scene.server, NULL));
        assert_false(client_login_key(&c, "joe", other));
        assert_int_equal(atomic_load(&scene.asked), 0); /* "may try" is no try */
        assert_int_equal(atomic_load(&scene.events), 0);
        assert_true(client_login_key(&c, "joe", scene.key));
        assert_int_equal(atomic_load(&scene.asked), 1);
        assert_true(client_sftp(&c));
        assert_string_equal(scene.last_fingerprint, sally_key_fingerprint(scene.key));
        client_end(&c);
        sally_key_unref(other);
        end(&scene);
    }
}

/* ---- The list of users ---- */

static void users_come_and_go_while_it_runs(void **state)
{
    (void)state;
    sally_server *s;
    sally_fs *fs;
    sally_auth *users, *others;
    s = keyed_server();
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    assert_int_equal(sally_auth_users_new(&users), SALLY_E_OK);
    assert_int_equal(sally_auth_users_new(&others), SALLY_E_OK);
    assert_int_equal(sally_server_set_auth(s, users), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    const sally_user joe = {.struct_size = sizeof joe, .name = "joe", .password = "a", .fs = fs};
    struct client c, d;
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", "a"));
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_OK);
    assert_true(client_login(&c, "joe", "a"));
    assert_int_equal(sally_server_set_auth(s, others), SALLY_E_OK); /* for those who come now */
    assert_true(client_connect(&d, s, NULL));
    assert_false(client_login(&d, "joe", "a"));
    assert_true(client_sftp(&c)); /* who is in stays in */
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_int_equal(sally_server_set_auth(s, NULL), SALLY_E_OK);
    client_end(&c);
    client_end(&d);
    sally_auth_unref(users);
    sally_auth_unref(others);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_may_come_late),
        cmocka_unit_test(factors_add_up_and_are_lost_with_the_user),
        cmocka_unit_test(only_what_is_offered_may_be_tried),
        cmocka_unit_test(logins_get_what_they_are_given),
        cmocka_unit_test(layers_of_settings_add_up),
        cmocka_unit_test(a_login_that_empties_a_list_is_rejected),
        cmocka_unit_test(keys_are_asked_about_and_proved),
        cmocka_unit_test(users_come_and_go_while_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
