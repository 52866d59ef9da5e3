/* A running server: its start, a client, its end, and sockets from elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/fixture.h"

static void starts_and_stops(void **state)
{
    (void)state;
    sally_server *s;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK); /* never started */
    s = new_server(NULL);
    assert_int_equal(sally_server_wait(s), SALLY_E_STATE);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    for (int i = 0; i < 5; i++) {
        s = new_server(NULL);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        assert_int_equal(sally_server_start(s), SALLY_E_STATE);
        assert_int_equal(sally_server_poll(s, 0), SALLY_E_STATE);
        assert_int_equal(sally_server_set(s, "server.loops", "2"), SALLY_E_STATE);
        assert_int_equal(sally_server_set(s, "limits.connections", "5"), SALLY_E_OK);
        if (i & 1)
            assert_int_equal(sally_server_shutdown(s, 1000), SALLY_E_OK);
        assert_int_equal(sally_server_free(s), SALLY_E_OK); /* stops it first */
    }
    assert_int_equal(sally_server_free(NULL), SALLY_E_OK);
}

static void a_client_works(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
    assert_int_equal(client_write(&c, &handle, 0, "hello", 5), 0);
    assert_int_equal(client_close_file(&c, &handle), 0);
    assert_int_equal(client_stat(&c, "/file"), 0);
    assert_int_equal(client_stat(&c, "/nothing"), 2);
    buf_clear(&handle);
    sally_counters n = counters_of(s);
    assert_int_equal(n.connections, 1);
    assert_int_equal(n.logins, 1);
    assert_int_equal(n.sessions_now, 1);
    assert_true(n.operations >= 4 && n.bytes_in > 1000 && n.bytes_out > 1000);
    assert_true(n.memory_now >= 64u << 10);
    client_end(&c);
    await_connections(s, 0);
    n = counters_of(s);
    assert_int_equal(n.sessions_now, 0);
    assert_int_equal(n.files_now, 0);
    assert_int_equal(n.memory_now, 0);
    finish(s);
}

static void wrong_logins_are_rejected_and_counted(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.auth_attempts", "2"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", "wrong"));
    assert_false(client_login(&c, "nobody", "secret"));
    assert_true(client_run(&c, client_is_over, 5000));
    client_end(&c);
    await_connections(s, 0);
    sally_counters n = counters_of(s);
    assert_int_equal(n.logins, 0);
    assert_int_equal(n.logins_rejected, 2);
    assert_int_equal(n.connections_unauthenticated_now, 0);
    finish(s);
}

static void without_users_nobody_gets_in(void **state)
{
    (void)state;
    sally_server *s;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", "secret"));
    client_end(&c);
    finish(s);
}

static void takes_over_sockets(void **state)
{
    (void)state;
    int pair[2];
    uint64_t id = 0;
    sally_server *s = new_server(NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(sally_server_adopt(s, pair[1], "gopher", &id), SALLY_E_UNSUPPORTED);
    close(pair[0]);
    for (int early = 0; early < 2; early++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        if (early)
            assert_int_equal(sally_server_start(s), SALLY_E_OK);
        assert_int_equal(sally_server_adopt(s, pair[1], "sftp", &id), SALLY_E_OK);
        assert_true(id > 0);
        if (!early)
            close(pair[0]); /* adopted before the start, and left */
    }
    struct client c;
    client_start(&c, pair[0], NULL);
    assert_true(client_login(&c, "joe", "secret"));
    assert_true(client_sftp(&c));
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_int_equal(sally_server_disconnect(s, id, "bye"), SALLY_E_OK);
    assert_true(client_run(&c, client_is_over, 5000));
    client_end(&c);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_and_stops),
        cmocka_unit_test(a_client_works),
        cmocka_unit_test(wrong_logins_are_rejected_and_counted),
        cmocka_unit_test(without_users_nobody_gets_in),
        cmocka_unit_test(takes_over_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
