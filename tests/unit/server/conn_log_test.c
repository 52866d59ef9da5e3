/* Lines about clients that have not logged in, of a server that runs. */
#include "cmocka_all.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/fixture.h"

#define MAX_IDS 4096

struct lines {
    uint64_t written, left_out, sums, accepted, closed_after_login;
    bool has_logged_in[MAX_IDS]; /* by the connection's id */
};

static const char *value_of(const sally_log_line *line, const char *name)
{
    for (uint32_t i = 0; i < line->field_count; i++)
        if (strcmp(line->fields[i].name, name) == 0)
            return line->fields[i].value;
    return "";
}

/* One at a time, and read when the server has ended. */
static void count_line(void *user_data, const sally_log_line *line)
{
    struct lines *lines = user_data;
    if (strcmp(line->event, "log.suppressed") == 0) {
        lines->sums++;
        lines->left_out += strtoull(value_of(line, "lines"), NULL, 10);
        assert_string_equal(value_of(line, "address"), "127.0.0.1");
        assert_true(strtoull(value_of(line, "seconds"), NULL, 10) > 0);
        return;
    }
    if (line->connection_id == 0 || line->connection_id >= MAX_IDS)
        return;
    bool *has_logged_in = &lines->has_logged_in[line->connection_id];
    lines->written++;
    if (strcmp(line->event, "auth.accepted") == 0) {
        *has_logged_in = true;
        lines->accepted++;
    }
    if (strcmp(line->event, "connection.closed") == 0 && *has_logged_in)
        lines->closed_after_login++;
}

/* Comes and goes, and each time its lines are made. */
static void come_and_go(sally_server *s, unsigned times)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(server_port(s)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (unsigned i = 0; i < times; i++) {
        char greeting[64];
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        assert_true(read(fd, greeting, sizeof greeting) > 0);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        while (read(fd, greeting, sizeof greeting) > 0)
            ;
        close(fd);
    }
    await_connections(s, 0);
}

static void visit(struct lines *lines, const char *rate, unsigned times, unsigned logins)
{
    *lines = (struct lines){.written = 0};
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set_log(s, count_line, lines, SALLY_LOG_INFO), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.log_lines_per_address", rate), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    come_and_go(s, times);
    for (unsigned i = 0; i < logins; i++) {
        struct client c;
        client_open(&c, s, "joe", "secret");
        client_end(&c);
    }
    await_connections(s, 0);
    finish(s);
}

static void what_is_not_written_is_summed_up(void **state)
{
    (void)state;
    static struct lines one, many;
    visit(&one, "0", 1, 0);
    assert_int_equal(one.sums, 0);
    assert_true(one.written >= 2);
    visit(&many, "1", 200, 0);
    assert_int_equal(many.written + many.left_out, 200 * one.written);
    assert_true(many.written >= 10 && many.sums >= 1);
    assert_true(many.left_out >= 200); /* ten at once and one a second: however slow this is */
}

static void who_logs_in_is_always_told_of(void **state)
{
    (void)state;
    static struct lines lines;
    visit(&lines, "1", 50, 20);
    assert_true(lines.left_out > 0);
    assert_int_equal(lines.accepted, 20);
    assert_int_equal(lines.closed_after_login, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_written_is_summed_up),
        cmocka_unit_test(who_logs_in_is_always_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
