/* What a login gives the program: data for its sessions, with a destructor as the logout; and
 * authenticators that ask others, on a running server. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "cmocka_all.h"

#include "base/mem.h"
#include "sallyport/hooks.h"
#include "server/fixture.h"

struct scene {
    sally_server *server;
    sally_fs *fs;
    sally_auth *inner;
    _Atomic uint32_t made, freed, seen, sessions_ended, asked, judged, cancelled;
    pthread_t thread;
    const char *root;
};

struct avatar {
    struct scene *scene;
};

static void log_out(void *data)
{
    struct avatar *avatar = data;
    struct scene *scene = avatar->scene;
    mem_free(avatar);
    atomic_fetch_add(&scene->freed, 1);
}

static sally_auth_result give(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    struct avatar *avatar = mem_zalloc(sizeof *avatar);
    assert_non_null(avatar);
    avatar->scene = scene;
    atomic_fetch_add(&scene->made, 1);
    sally_auth_set_data(request, avatar, log_out);
    if (strcmp(request->password, "secret") != 0)
        return SALLY_AUTH_REJECT;
    if (scene->root)
        assert_int_equal(sally_auth_set(request, "sftp.allow_requests", "-stat"), SALLY_E_OK);
    return sally_auth_accept(request, scene->fs);
}

static sally_status look(void *user_data, sally_op *op)
{
    struct scene *scene = user_data;
    struct avatar *avatar = sally_session_login_data(op->session);
    assert_non_null(avatar);
    assert_ptr_equal(avatar->scene, scene);
    assert_int_equal(atomic_load(&scene->freed) + 1, atomic_load(&scene->made));
    if (op->kind == SALLY_OP_SESSION_END)
        atomic_fetch_add(&scene->sessions_ended, 1);
    else
        atomic_fetch_add(&scene->seen, 1);
    return SALLY_CONTINUE;
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
    assert_int_equal(sally_server_set(scene->server, "limits.failure_delay", "0s"), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(scene->server, "sftp://127.0.0.1:0"), SALLY_E_OK);
}

static void start(struct scene *scene)
{
    assert_int_equal(sally_server_start(scene->server), SALLY_E_OK);
}

static void end(struct scene *scene)
{
    assert_int_equal(sally_server_free(scene->server), SALLY_E_OK);
    sally_auth_unref(scene->inner);
    sally_fs_unref(scene->fs);
}

static const sally_auth_methods gives = {
    .struct_size = sizeof gives, .methods = SALLY_AUTH_PASSWORD, .authenticate = give};

static void sessions_find_it_until_the_logout(void **state)
{
    (void)state;
    struct scene scene;
    struct client c;
    begin(&scene, &gives);
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask = SALLY_OP_BIT(SALLY_OP_SESSION_START) |
                                              SALLY_OP_BIT(SALLY_OP_STAT) |
                                              SALLY_OP_BIT(SALLY_OP_SESSION_END),
                               .before = look,
                               .user_data = &scene};
    assert_int_equal(sally_server_add_hooks(scene.server, &hooks), SALLY_E_OK);
    start(&scene);
    client_open(&c, scene.server, "joe", "secret");
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_int_equal(atomic_load(&scene.freed), 0);
    assert_int_equal(atomic_load(&scene.seen), 2);
    client_end(&c);
    await_connections(scene.server, 0);
    for (int i = 0; i < 1000 && atomic_load(&scene.freed) == 0; i++)
        nap(2);
    assert_int_equal(atomic_load(&scene.sessions_ended), 1);
    assert_int_equal(atomic_load(&scene.made), 1);
    assert_int_equal(atomic_load(&scene.freed), 1);
    end(&scene);
    assert_int_equal(atomic_load(&scene.freed), 1);
}

static void without_a_login_it_is_freed_at_once(void **state)
{
    (void)state;
    struct scene scene;
    struct client c;
    begin(&scene, &gives);
    start(&scene);
    assert_true(client_connect(&c, scene.server, NULL));
    assert_false(client_login(&c, "joe", "wrong"));
    assert_int_equal(atomic_load(&scene.made), 1);
    assert_int_equal(atomic_load(&scene.freed), 1);
    assert_true(client_login(&c, "joe", "secret"));
    assert_int_equal(atomic_load(&scene.freed), 1);
    client_end(&c);
    end(&scene);
    assert_int_equal(atomic_load(&scene.made), 2);
    assert_int_equal(atomic_load(&scene.freed), 2);
}

static void something_in_the_way_of_the_login_frees_it(void **state)
{
    (void)state;
    struct scene scene;
    struct client c;
    begin(&scene, &gives);
    scene.root = "/";
    assert_int_equal(sally_server_set(scene.server, "sftp.allow_requests", "stat"), SALLY_E_OK);
    start(&scene);
    assert_true(client_connect(&c, scene.server, NULL));
    assert_false(client_login(&c, "joe", "secret"));
    client_end(&c);
    end(&scene);
    assert_int_equal(atomic_load(&scene.made), 1);
    assert_int_equal(atomic_load(&scene.freed), 1);
}

/* ---- One that asks another ---- */

static void *answer_late(void *argument)
{
    sally_auth_request *request = argument;
    sally_auth_finish(request, strcmp(request->password, "secret") == 0 ? SALLY_AUTH_ACCEPT
                                                                        : SALLY_AUTH_REJECT);
    return NULL;
}

static sally_auth_result inner_authenticate(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    atomic_fetch_add(&scene->asked, 1);
    (void)sally_auth_accept(request, scene->fs);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, answer_late, request), 0);
    pthread_detach(thread);
    return SALLY_AUTH_PENDING;
}

static sally_auth_result judge(void *context, sally_auth_request *request, sally_auth_result result)
{
    struct scene *scene = context;
    atomic_fetch_add(&scene->judged, 1);
    if (result == SALLY_AUTH_ACCEPT)
        sally_auth_set_permissions(request, SALLY_MAY_VIEW);
    return result;
}

static sally_auth_result ask(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    return sally_auth_ask(scene->inner, request, judge, scene);
}

static void late_answers_are_judged(void **state)
{
    (void)state;
    const sally_auth_methods inner = {.struct_size = sizeof inner,
                                      .methods = SALLY_AUTH_PASSWORD,
                                      .authenticate = inner_authenticate};
    const sally_auth_methods outer = {
        .struct_size = sizeof outer, .methods = SALLY_AUTH_PASSWORD, .authenticate = ask};
    struct scene scene;
    struct buf handle;
    begin(&scene, &outer);
    assert_int_equal(sally_auth_new(&scene.inner, &inner, &scene), SALLY_E_OK);
    start(&scene);
    for (int i = 0; i < 20; i++) {
        struct client c;
        assert_true(client_connect(&c, scene.server, NULL));
        assert_false(client_login(&c, "joe", "wrong"));
        assert_true(client_login(&c, "joe", "secret"));
        assert_true(client_sftp(&c));
        assert_false(client_open_file(&c, "/new", WRITE_CREATE, &handle));
        client_end(&c);
    }
    assert_int_equal(atomic_load(&scene.asked), 40);
    assert_int_equal(atomic_load(&scene.judged), 40);
    end(&scene);
}

/* ---- Clients that leave ---- */

static void *wait_for_the_end(void *argument)
{
    sally_auth_request *request = argument;
    struct scene *scene = request->state;
    atomic_fetch_add(&scene->asked, 1);
    for (int i = 0; i < 5000 && !sally_auth_cancelled(request); i++)
        nap(2);
    if (sally_auth_cancelled(request))
        atomic_fetch_add(&scene->cancelled, 1);
    sally_auth_finish(request, SALLY_AUTH_REJECT);
    return NULL;
}

static sally_auth_result wait_long(sally_auth *auth, sally_auth_request *request)
{
    struct scene *scene = sally_auth_data(auth);
    assert_false(sally_auth_cancelled(request));
    request->state = scene;
    assert_int_equal(pthread_create(&scene->thread, NULL, wait_for_the_end, request), 0);
    return SALLY_AUTH_PENDING;
}

static void clients_that_leave_cancel(void **state)
{
    (void)state;
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PASSWORD, .authenticate = wait_long};
    struct scene scene;
    struct client c;
    begin(&scene, &methods);
    start(&scene);
    assert_true(client_connect(&c, scene.server, NULL));
    ssh_client_login_password(c.ssh, "joe", "secret");
    for (int i = 0; i < 5000 && atomic_load(&scene.asked) == 0; i++)
        (void)client_run(&c, NULL, 2);
    client_end(&c);
    pthread_join(scene.thread, NULL);
    assert_int_equal(atomic_load(&scene.cancelled), 1);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_find_it_until_the_logout),
        cmocka_unit_test(without_a_login_it_is_freed_at_once),
        cmocka_unit_test(something_in_the_way_of_the_login_frees_it),
        cmocka_unit_test(late_answers_are_judged),
        cmocka_unit_test(clients_that_leave_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
