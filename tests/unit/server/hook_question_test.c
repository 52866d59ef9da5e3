/* Hooks that answer late: before and after they have returned, from this thread, which is none of
 * the server's, twice, and when it is too late. */
#include "server/hook_question.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/fixture.h"

enum stage { ADMISSION, VERSION, SESSION, STAGES };

struct asked {
    enum stage late;   /* what is answered late */
    bool answers_here; /* inside the hook, before it returns SALLY_PENDING */
    sally_status here;
    _Atomic uint32_t asked[STAGES], second, second_sessions, ends;
    _Atomic bool blocks, is_blocked;        /* the loop, in the first hook */
    _Atomic(sally_connection *) connection; /* NULL: not asked yet */
    char line[64], name[64];
    uint32_t reason;
};

static sally_status ask(struct asked *a, enum stage stage, sally_connection *connection)
{
    a->asked[stage]++;
    if (a->late != stage)
        return SALLY_CONTINUE;
    if (a->answers_here)
        assert_int_equal(sally_connection_answer(connection, a->here), SALLY_E_OK);
    a->connection = connection;
    return SALLY_PENDING;
}

static sally_status on_requested(void *user_data, sally_connection *connection)
{
    struct asked *a = user_data;
    a->is_blocked = a->blocks;
    while (a->blocks)
        nap(1);
    return ask(a, ADMISSION, connection);
}

static sally_status on_version(void *user_data, sally_connection *connection, const char *line)
{
    struct asked *a = user_data;
    snprintf(a->line, sizeof a->line, "%s", line);
    return ask(a, VERSION, connection);
}

static sally_status on_session(void *user_data, sally_connection *connection,
                               const sally_session_request *request)
{
    struct asked *a = user_data;
    snprintf(a->name, sizeof a->name, "%s", request->name);
    return ask(a, SESSION, connection);
}

static void on_end(void *user_data, sally_connection *connection, uint32_t reason,
                   const char *detail)
{
    struct asked *a = user_data;
    (void)connection, (void)detail;
    a->reason = reason;
    a->ends++;
}

/* The second set is asked if the first one does not object. */
static sally_status second_requested(void *user_data, sally_connection *connection)
{
    struct asked *a = user_data;
    (void)connection;
    a->second++;
    return SALLY_CONTINUE;
}

static sally_status second_version(void *user_data, sally_connection *connection, const char *line)
{
    struct asked *a = user_data;
    assert_string_equal(line, a->line);
    return second_requested(a, connection);
}

static sally_status second_session(void *user_data, sally_connection *connection,
                                   const sally_session_request *request)
{
    struct asked *a = user_data;
    assert_string_equal(request->name, a->name);
    a->second_sessions++;
    return second_requested(a, connection);
}

static sally_server *asking_server(struct asked *a, const char *login_time)
{
    sally_server *s = new_server(NULL);
    const sally_hooks first = {.struct_size = sizeof first,
                               .user_data = a,
                               .connection_requested = on_requested,
                               .version_received = on_version,
                               .session_requested = on_session,
                               .disconnected = on_end};
    const sally_hooks second = {.struct_size = sizeof second,
                                .user_data = a,
                                .connection_requested = second_requested,
                                .version_received = second_version,
                                .session_requested = second_session};
    assert_int_equal(sally_server_add_hooks(s, &first), SALLY_E_OK);
    assert_int_equal(sally_server_add_hooks(s, &second), SALLY_E_OK);
    if (login_time)
        assert_int_equal(sally_server_set(s, "limits.login_time", login_time), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "server.loops", "1"), SALLY_E_OK);
    /* A single offence is enough for a penalty. */
    assert_int_equal(sally_server_set(s, "limits.penalty_exempt", ""), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.penalty_min", "0s"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.penalty_login_time", "1h"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.penalty_no_login", "0s"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    return s;
}

static sally_connection *await_question(struct asked *a)
{
    for (int i = 0; i < 5000 && !a->connection; i++)
        nap(1);
    assert_non_null(a->connection);
    return a->connection;
}

/* Answers what is asked while another thread is the client. */
struct answerer {
    struct asked *a;
    sally_status status;
    sally_error error;
};

static void *answer(void *user_data)
{
    struct answerer *by = user_data;
    sally_connection *connection = await_question(by->a);
    by->error = sally_connection_answer(connection, by->status);
    return NULL;
}

/* Whether a client gets a session in which it can do something. */
static bool gets_in(sally_server *s, struct client *c)
{
    return client_connect(c, s, NULL) && client_login(c, "joe", "secret") && client_sftp(c) &&
           client_stat(c, "/") == 0;
}

static void answers_decide(void **state)
{
    (void)state;
    static const sally_status statuses[] = {SALLY_CONTINUE, SALLY_OK, SALLY_PERMISSION_DENIED};
    for (enum stage stage = ADMISSION; stage < STAGES; stage++)
        for (size_t i = 0; i < COUNT_OF(statuses); i++)
            for (int here = 0; here < 2; here++) {
                struct asked a = {.late = stage, .answers_here = here, .here = statuses[i]};
                struct answerer by = {.a = &a, .status = statuses[i]};
                sally_server *s = asking_server(&a, NULL);
                pthread_t thread;
                struct client c;
                if (!here)
                    assert_int_equal(pthread_create(&thread, NULL, answer, &by), 0);
                bool ok = gets_in(s, &c);
                if (!here)
                    assert_int_equal(pthread_join(thread, NULL), 0);
                /* What is accepted by SALLY_OK has to be served by the program, too. */
                bool may =
                    statuses[i] == SALLY_CONTINUE || (statuses[i] == SALLY_OK && stage != SESSION);
                assert_int_equal(ok, may);
                assert_int_equal(by.error, SALLY_E_OK);
                assert_int_equal(a.asked[stage], 1);
                uint32_t others = may ? STAGES - 1 : stage;
                assert_int_equal(a.second, others + (statuses[i] == SALLY_CONTINUE));
                client_end(&c);
                await_connections(s, 0);
                finish(s);
                /* One that was not admitted has never been there. */
                assert_int_equal(a.ends, stage == ADMISSION && !may ? 0 : 1);
                if (stage == VERSION && !may)
                    assert_int_equal(a.reason, SALLY_END_LIMIT);
            }
}

/* A bad answer and one that no one awaits change nothing. */
static void each_question_has_one_answer(void **state)
{
    (void)state;
    struct asked a = {.late = SESSION};
    sally_server *s = asking_server(&a, NULL);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_login(&c, "joe", "secret"));
    c.channel = ssh_client_open(c.ssh);
    for (int i = 0; i < 5000 && !a.connection; i++)
        (void)client_run(&c, NULL, 2);
    sally_connection *connection = await_question(&a);
    assert_int_equal(sally_connection_answer(connection, SALLY_PENDING), SALLY_E_INVALID);
    assert_int_equal(sally_connection_answer(connection, SALLY_WOULD_BLOCK), SALLY_E_INVALID);
    assert_int_equal(sally_connection_answer(connection, 32), SALLY_E_INVALID);
    assert_int_equal(sally_connection_answer(connection, SALLY_CONTINUE), SALLY_E_OK);
    assert_int_equal(sally_connection_answer(connection, SALLY_CONTINUE), SALLY_E_STATE);
    assert_non_null(strstr(sally_server_error(s), "awaits"));
    for (int i = 0; i < 5000 && !c.requested; i++)
        (void)client_run(&c, NULL, 2);
    assert_true(c.request_ok);
    assert_int_equal(sally_connection_answer(connection, SALLY_CONTINUE), SALLY_E_STATE);
    /* Its lock is what puts this thread's calls before the connection's end. */
    assert_null(sally_connection_data(connection));
    client_end(&c);
    await_connections(s, 0);
    finish(s);
}

/* The client leaves while the answer is awaited: the pointer stays valid until it is given. */
static void answers_after_the_end_change_nothing(void **state)
{
    (void)state;
    for (enum stage stage = VERSION; stage < STAGES; stage++) {
        struct asked a = {.late = stage};
        sally_server *s = asking_server(&a, NULL);
        struct client c;
        assert_true(client_connect(&c, s, NULL));
        if (stage == SESSION) {
            assert_true(client_login(&c, "joe", "secret"));
            c.channel = ssh_client_open(c.ssh);
        }
        for (int i = 0; i < 5000 && !a.connection; i++)
            (void)client_run(&c, NULL, 2);
        client_end(&c);
        for (int i = 0; i < 5000 && !a.ends; i++)
            nap(1);
        assert_int_equal(a.ends, 1);
        assert_int_equal(sally_connection_answer(a.connection, SALLY_CONTINUE), SALLY_E_CLOSED);
        await_connections(s, 0);
        finish(s);
        assert_int_equal(a.second, stage); /* of the questions before */
    }
}

/* Else a client could leave any number of questions behind it, by coming and going. */
static void whoever_has_left_counts_until_the_answer(void **state)
{
    (void)state;
    static const char *const limits[] = {"limits.connections", "limits.connections_per_address"};
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        for (enum stage stage = ADMISSION; stage < STAGES; stage++) {
            struct asked a = {.late = stage};
            sally_server *s = asking_server(&a, stage == ADMISSION ? "300ms" : NULL);
            struct client first, second;
            assert_int_equal(sally_server_set(s, limits[i], "1"), SALLY_E_OK);
            assert_true(client_connect(&first, s, NULL));
            if (stage == SESSION) {
                assert_true(client_login(&first, "joe", "secret"));
                first.channel = ssh_client_open(first.ssh);
            }
            for (int n = 0; n < 5000 && !a.connection; n++)
                (void)client_run(&first, NULL, 2);
            client_end(&first);
            await_connections(s, 0);
            a.late = STAGES;
            assert_false(gets_in(s, &second));
            client_end(&second);
            assert_int_equal(sally_connection_answer(a.connection, SALLY_CONTINUE), SALLY_E_CLOSED);
            bool is_in = false;
            for (int n = 0; n < 5000 && !is_in; n++) { /* the answer takes effect soon */
                is_in = gets_in(s, &second);
                client_end(&second);
                await_connections(s, 0);
            }
            assert_true(is_in);
            finish(s);
        }
}

/* The order to disconnect comes to the loop right before the answer: the next set is not asked. */
static void nobody_is_asked_about_what_is_over(void **state)
{
    (void)state;
    struct asked a = {.late = SESSION};
    sally_server *s = asking_server(&a, NULL);
    struct client first, second;
    assert_true(client_connect(&first, s, NULL));
    assert_true(client_login(&first, "joe", "secret"));
    first.channel = ssh_client_open(first.ssh);
    for (int i = 0; i < 5000 && !a.connection; i++)
        (void)client_run(&first, NULL, 2);
    sally_connection *connection = await_question(&a);
    a.blocks = true;
    assert_true(client_connect(&second, s, NULL));
    while (!a.is_blocked)
        nap(1);
    assert_int_equal(sally_connection_disconnect(connection, "bye"), SALLY_E_OK);
    assert_int_equal(sally_connection_answer(connection, SALLY_CONTINUE), SALLY_E_OK);
    a.blocks = false;
    (void)client_run(&first, client_is_over, 5000);
    client_end(&first);
    client_end(&second);
    await_connections(s, 0);
    finish(s);
    assert_int_equal(a.second_sessions, 0);
}

/* The login time goes on, and it is not the client's fault. */
static void the_login_time_counts(void **state)
{
    (void)state;
    for (enum stage stage = ADMISSION; stage < SESSION; stage++) {
        struct asked a = {.late = stage};
        sally_server *s = asking_server(&a, "300ms");
        struct client c;
        assert_true(client_connect(&c, s, NULL));
        assert_true(client_run(&c, client_is_over, 5000));
        assert_int_equal(sally_connection_answer(await_question(&a), SALLY_CONTINUE),
                         SALLY_E_CLOSED);
        client_end(&c);
        await_connections(s, 0);
        assert_int_equal(a.ends, stage == ADMISSION ? 0 : 1);
        if (stage == VERSION)
            assert_int_equal(a.reason, SALLY_END_TIMEOUT);
        a.late = STAGES;
        assert_true(gets_in(s, &c));
        client_end(&c);
        await_connections(s, 0);
        finish(s);
    }
}

/* Orders reach a connection that is not admitted yet; a shutdown does not wait for it, only for the
 * answer that is due. */
static void orders_and_shutdowns_do_not_wait(void **state)
{
    (void)state;
    for (enum stage stage = ADMISSION; stage < SESSION; stage++)
        for (int shuts_down = 0; shuts_down < 2; shuts_down++) {
            struct asked a = {.late = stage};
            sally_server *s = asking_server(&a, NULL);
            struct client c;
            assert_true(client_connect(&c, s, NULL));
            for (int i = 0; i < 5000 && !a.connection; i++)
                (void)client_run(&c, NULL, 2);
            sally_connection *connection = await_question(&a);
            assert_int_equal(sally_connection_set(connection, "limits.idle_time", "1h"),
                             SALLY_E_OK);
            assert_int_equal(sally_connection_rekey(connection), SALLY_E_OK);
            if (shuts_down)
                assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
            else
                assert_int_equal(sally_connection_disconnect(connection, "no"), SALLY_E_OK);
            assert_true(client_run(&c, client_is_over, 5000));
            assert_int_equal(sally_connection_answer(connection, SALLY_OK), SALLY_E_CLOSED);
            client_end(&c);
            if (shuts_down) {
                assert_int_equal(sally_server_wait(s), SALLY_E_OK);
                assert_int_equal(sally_server_free(s), SALLY_E_OK);
            } else {
                await_connections(s, 0);
                finish(s);
            }
        }
}

/* An answer races with the end of everything. */
static void answers_race_with_the_shutdown(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct asked a = {.late = i % 2 ? VERSION : ADMISSION};
        struct answerer by = {.a = &a, .status = SALLY_CONTINUE};
        sally_server *s = asking_server(&a, NULL);
        struct client c;
        pthread_t thread;
        assert_true(client_connect(&c, s, NULL));
        (void)client_run(&c, NULL, 1);
        assert_int_equal(pthread_create(&thread, NULL, answer, &by), 0);
        while (!a.connection)
            (void)client_run(&c, NULL, 1);
        assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
        client_end(&c);
        assert_int_equal(sally_server_wait(s), SALLY_E_OK);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(by.error == SALLY_E_OK || by.error == SALLY_E_CLOSED);
        assert_int_equal(sally_server_free(s), SALLY_E_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_decide),
        cmocka_unit_test(each_question_has_one_answer),
        cmocka_unit_test(answers_after_the_end_change_nothing),
        cmocka_unit_test(whoever_has_left_counts_until_the_answer),
        cmocka_unit_test(nobody_is_asked_about_what_is_over),
        cmocka_unit_test(the_login_time_counts),
        cmocka_unit_test(orders_and_shutdowns_do_not_wait),
        cmocka_unit_test(answers_race_with_the_shutdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
