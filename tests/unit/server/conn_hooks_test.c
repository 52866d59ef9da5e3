/* What hooks are told of sessions and of problems. */
#include "server/conn_hooks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/fixture.h"

struct told {
    _Atomic uint32_t problems, ends, requests;
    uint32_t stage, kind;
    sally_error code;
    int system_error;
    bool ended_first, refuses;
    char text[256], name[64];
};

static void on_problem(void *user_data, sally_connection *connection, const sally_problem *problem)
{
    struct told *told = user_data;
    assert_int_equal(problem->struct_size, sizeof *problem);
    assert_int_not_equal(sally_connection_id(connection), 0);
    if (atomic_load(&told->problems) == 0) { /* after that, the test may be reading it */
        told->stage = problem->stage;
        told->code = problem->code;
        told->system_error = problem->system_error;
        told->ended_first = atomic_load(&told->ends) > 0;
        snprintf(told->text, sizeof told->text, "%s", problem->text);
    }
    atomic_fetch_add(&told->problems, 1);
}

static void on_end(void *user_data, sally_connection *connection, uint32_t reason,
                   const char *detail)
{
    struct told *told = user_data;
    (void)connection;
    (void)reason;
    (void)detail;
    atomic_fetch_add(&told->ends, 1);
}

static sally_status on_session(void *user_data, sally_connection *connection,
                               const sally_session_request *request)
{
    struct told *told = user_data;
    assert_int_equal(request->struct_size, sizeof *request);
    assert_string_equal(sally_connection_user(connection), "joe");
    told->kind = request->kind;
    snprintf(told->name, sizeof told->name, "%s", request->name);
    atomic_fetch_add(&told->requests, 1);
    return told->refuses ? SALLY_PERMISSION_DENIED : SALLY_CONTINUE;
}

static void add_hooks(sally_server *s, struct told *told)
{
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .user_data = told,
                               .session_requested = on_session,
                               .problem = on_problem,
                               .disconnected = on_end};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
}

static sally_server *hooked_server(struct told *told)
{
    sally_server *s = new_server(NULL);
    add_hooks(s, told);
    return s;
}

static void await_end(struct told *told)
{
    for (int i = 0; i < 5000 && atomic_load(&told->ends) == 0; i++)
        nap(2);
    assert_int_equal(atomic_load(&told->ends), 1);
}

static void check_problem(const struct told *told, uint32_t stage, sally_error code,
                          const char *text)
{
    assert_int_equal(atomic_load(&told->problems), 1);
    assert_int_equal(told->stage, stage);
    assert_int_equal(told->code, code);
    if (!strstr(told->text, text))
        fail_msg("%s", told->text);
    assert_false(told->ended_first);
}

static void a_session_is_announced(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    client_open(&c, s, "joe", "secret");
    assert_int_equal(client_stat(&c, "/"), 0);
    client_end(&c);
    await_connections(s, 0);
    finish(s);
    assert_int_equal(atomic_load(&told.requests), 1);
    assert_int_equal(told.kind, SALLY_SESSION_SUBSYSTEM);
    assert_string_equal(told.name, "sftp");
}

static void a_session_can_be_refused(void **state)
{
    (void)state;
    struct told told = {.refuses = true};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_login(&c, "joe", "secret"));
    assert_false(client_sftp(&c));
    assert_false(c.over);
    client_end(&c);
    await_connections(s, 0);
    finish(s);
    assert_int_equal(atomic_load(&told.problems), 0);
}

static void a_clean_end_is_no_problem(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_login(&c, "joe", "secret"));
    client_end(&c);
    await_end(&told);
    finish(s);
    assert_int_equal(atomic_load(&told.problems), 0);
}

static void broken_protocol_is_told(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    int fd = client_dial(server_port(s));
    assert_int_equal(send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
    await_end(&told);
    close(fd);
    finish(s);
    check_problem(&told, SALLY_STAGE_HANDSHAKE, SALLY_E_PROTOCOL,
                  "does not support protocol version 2");
    assert_int_equal(told.system_error, 0);
}

static void a_slow_login_is_told(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_set(s, "limits.login_time", "500ms"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_run(&c, client_is_over, 5000));
    await_end(&told);
    client_end(&c);
    finish(s);
    check_problem(&told, SALLY_STAGE_LOGIN, SALLY_E_TIMEOUT, "");
}

static void too_many_logins_are_told(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_set(s, "limits.auth_attempts", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", "wrong"));
    await_end(&told);
    client_end(&c);
    finish(s);
    check_problem(&told, SALLY_STAGE_LOGIN, SALLY_E_LIMIT, "");
}

static void a_server_without_users_is_told(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = keyed_server();
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    add_hooks(s, &told);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", "secret"));
    client_end(&c);
    await_end(&told);
    finish(s);
    assert_true(atomic_load(&told.problems) >= 1);
    assert_int_equal(told.stage, SALLY_STAGE_LOGIN);
    assert_int_equal(told.code, SALLY_E_STATE);
}

/* The connection goes on; however often its client tries, it is told once. */
static void no_room_for_a_session_is_told_once(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_set(s, "limits.channels", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    client_open(&c, s, "joe", "secret");
    for (int i = 0; i < 3; i++)
        assert_false(client_sftp(&c));
    assert_false(c.over);
    check_problem(&told, SALLY_STAGE_OPEN, SALLY_E_LIMIT, "limits.channels");
    client_end(&c);
    await_end(&told);
    finish(s);
    assert_int_equal(atomic_load(&told.requests), 1);
}

/* The system's own reason comes along. */
static void a_broken_line_is_told(void **state)
{
    (void)state;
    struct told told = {0};
    sally_server *s = hooked_server(&told);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    client_open(&c, s, "joe", "secret");
    assert_int_equal(client_stat(&c, "/"), 0);
    const struct linger reset = {.l_onoff = 1};
    assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(c.fd);
    await_end(&told);
    c.fd = dup(0);
    client_end(&c);
    finish(s);
    check_problem(&told, SALLY_STAGE_OPEN, SALLY_E_CLOSED, "closed the connection");
    assert_int_equal(told.system_error, ECONNRESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_announced),
        cmocka_unit_test(a_session_can_be_refused),
        cmocka_unit_test(a_clean_end_is_no_problem),
        cmocka_unit_test(broken_protocol_is_told),
        cmocka_unit_test(a_slow_login_is_told),
        cmocka_unit_test(too_many_logins_are_told),
        cmocka_unit_test(a_server_without_users_is_told),
        cmocka_unit_test(no_room_for_a_session_is_told_once),
        cmocka_unit_test(a_broken_line_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
