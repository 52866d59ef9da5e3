#include "server/puppet_line.h"

#include <unistd.h>

#include "cmocka_all.h"

#include "base/mem.h"
#include "server/conn_session.h"
#include "server/fixture.h"
#include "server/server.h"

static struct puppet puppet; /* one at a time */

static struct puppet *puppet_of(const struct line *line)
{
    return (struct puppet *)(uintptr_t)line;
}

static size_t input_room(struct line *line, uint8_t **room)
{
    *room = puppet_of(line)->room;
    return puppet_of(line)->room_size;
}

static void input(struct line *line, size_t size)
{
    struct puppet *p = puppet_of(line);
    assert_true(size > 0 && size <= p->room_size);
    if (size > sizeof p->input - p->input_size)
        size = sizeof p->input - p->input_size;
    memcpy(p->input + p->input_size, p->room, size);
    p->input_size += size;
}

static void input_end(struct line *line)
{
    puppet_of(line)->ends_of_input++;
}

static bool run(struct line *line, uint64_t now_ns)
{
    (void)now_ns;
    struct puppet *p = puppet_of(line);
    p->runs++;
    conn_sessions_settle(p->conn);
    return p->runs < p->runs_wanted;
}

static struct slice output(struct line *line)
{
    struct puppet *p = puppet_of(line);
    return (struct slice){p->output, p->output_size};
}

static void output_sent(struct line *line, size_t size)
{
    struct puppet *p = puppet_of(line);
    assert_true(size <= p->output_size);
    p->output_size -= size;
}

static uint64_t deadline(const struct line *line)
{
    return puppet_of(line)->deadline_ns;
}

static void tick(struct line *line, uint64_t now_ns)
{
    struct puppet *p = puppet_of(line);
    assert_true(now_ns >= p->deadline_ns);
    p->deadline_ns = UINT64_MAX;
    p->ticks++;
}

static bool is_over(const struct line *line)
{
    return puppet_of(line)->is_over;
}

static void trim(struct line *line)
{
    puppet_of(line)->trims++;
}

static void disconnect(struct line *line, const char *text)
{
    (void)text;
    struct puppet *p = puppet_of(line);
    p->is_over = true;
    p->output_size = p->farewell;
    conn_line_ended(p->conn, SALLY_END_BY_SERVER, "told to");
}

static void free_line(struct line *line)
{
    puppet_of(line)->is_freed = true;
}

static sally_error line_new(struct line **out, struct conn *c)
{
    static const struct line_methods methods = {
        .input_room = input_room,
        .input = input,
        .input_end = input_end,
        .run = run,
        .output = output,
        .output_sent = output_sent,
        .deadline = deadline,
        .tick = tick,
        .is_over = is_over,
        .trim = trim,
        .disconnect = disconnect,
        .free = free_line,
    };
    puppet = (struct puppet){
        .line = {&methods}, .conn = c, .room_size = sizeof puppet.room, .deadline_ns = UINT64_MAX};
    *out = &puppet.line;
    return SALLY_E_OK;
}

void puppet_open(struct puppet_show *show, const char *const settings[])
{
    static const struct protocol protocol = {"puppet", 1, line_new};
    show->server = keyed_server();
    for (size_t i = 0; settings && settings[i]; i += 2)
        assert_int_equal(sally_server_set(show->server, settings[i], settings[i + 1]), SALLY_E_OK);
    assert_int_equal(server_prepare(show->server, true), SALLY_E_OK);
    show->theirs = connect_pair(show->server, &protocol);
    show->puppet = &puppet;
    puppet_pump(show, 2);
    assert_non_null(puppet.conn);
}

void puppet_pump(struct puppet_show *show, int rounds)
{
    while (rounds-- > 0)
        assert_true(sally_server_poll(show->server, 0) >= 0);
}

bool puppet_pump_until(struct puppet_show *show, const unsigned *what, unsigned wanted)
{
    uint64_t end = now_ms() + 20000;
    while (*what < wanted && now_ms() < end)
        assert_true(sally_server_poll(show->server, 100) >= 0);
    return *what >= wanted;
}

void puppet_close(struct puppet_show *show)
{
    if (show->theirs >= 0)
        close(show->theirs);
    assert_int_equal(sally_server_free(show->server), SALLY_E_OK);
    assert_true(puppet.is_freed);
}
