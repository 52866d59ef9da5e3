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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
