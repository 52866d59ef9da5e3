/* Lines of all threads through one door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "server/fixture.h"

struct lines {
    sally_server *server;
    _Atomic uint32_t count, now, most;
    char events[4096];
};

static void keep_line(void *user_data, const sally_log_line *line)
{
    struct lines *lines = user_data;
    uint32_t now = atomic_fetch_add(&lines->now, 1) + 1;
    if (now > atomic_load(&lines->most))
        atomic_store(&lines->most, now);
    atomic_fetch_add(&lines->count, 1);
    size_t used = strlen(lines->events);
    snprintf(lines->events + used, sizeof lines->events - used, "%s ", line->event);
    assert_true(line->time_ns > 1000000000u);
    /* It may call the server, even where that logs. */
    assert_true(sally_server_add_listener(lines->server, "sftp://127.0.0.1:0") <= SALLY_E_OK);
    atomic_fetch_sub(&lines->now, 1);
}

static void lines_come_one_at_a_time(void **state)
{
    (void)state;
    struct lines lines = {0};
    sally_server *s = new_server(NULL);
    lines.server = s;
    assert_int_equal(sally_server_set_log(s, keep_line, &lines, SALLY_LOG_INFO), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_int_equal(sally_server_set_log(s, NULL, NULL, SALLY_LOG_INFO), SALLY_E_STATE);
    struct client c;
    client_open(&c, s, "joe", "secret");
    client_end(&c);
    await_connections(s, 0);
    finish(s);
    assert_int_equal(atomic_load(&lines.most), 1);
    static const char *const wanted[] = {"server.started ",  "connection.opened ",
                                         "auth.accepted ",   "connection.closed ",
                                         "server.stopping ", "server.ended "};
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_non_null(strstr(lines.events, wanted[i]));
}

static void count_line(void *user_data, const sally_log_line *line)
{
    _Atomic uint32_t *counts = user_data;
    atomic_fetch_add(&counts[line->level], 1);
}

/* For lines of the server, of a connection's engine, and of its sessions. */
static void the_level_changes_while_it_runs(void **state)
{
    (void)state;
    _Atomic uint32_t counts[SALLY_LOG_DEBUG + 1] = {0};
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set_log(s, count_line, counts, SALLY_LOG_WARNING), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    client_open(&c, s, "joe", "secret");
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_int_equal(atomic_load(&counts[SALLY_LOG_INFO]), 0);
    assert_int_equal(sally_server_set_log_level(s, SALLY_LOG_DEBUG), SALLY_E_OK);
    assert_int_equal(client_stat(&c, "/"), 0); /* of a connection that was there before */
    uint32_t requests = atomic_load(&counts[SALLY_LOG_VERBOSE]);
    assert_true(requests >= 1);
    assert_int_equal(sally_server_set_log_level(s, 0), SALLY_E_OK);
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_int_equal(atomic_load(&counts[SALLY_LOG_VERBOSE]), requests);
    assert_int_equal(sally_server_set_log_level(s, SALLY_LOG_INFO), SALLY_E_OK);
    client_end(&c);
    await_connections(s, 0);
    finish(s);
    assert_true(atomic_load(&counts[SALLY_LOG_INFO]) >= 2); /* the ends of both */
    assert_int_equal(sally_server_set_log_level(NULL, 0), SALLY_E_INVALID);
}

static void a_level_that_there_is_not_is_refused(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    assert_int_equal(sally_server_set_log_level(s, SALLY_LOG_DEBUG + 1), SALLY_E_RANGE);
    assert_non_null(strstr(sally_server_error(s), "debug"));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_one_at_a_time),
        cmocka_unit_test(the_level_changes_while_it_runs),
        cmocka_unit_test(a_level_that_there_is_not_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
