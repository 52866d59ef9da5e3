/* A connection's turns: between its socket and an engine that does as it is told. */
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"

#include "base/mem.h"
#include "server/puppet_line.h"
#include "server/server.h"

static struct puppet_show show;
static struct puppet *p;
static void open_show(const char *const settings[])
{
    puppet_open(&show, settings);
    p = show.puppet;
}

static uint32_t reason_of_end(void)
{
    return p->conn->end_reason;
}

static size_t drain_theirs(void)
{
    char waste[4096];
    ssize_t got;
    size_t sum = 0;
    while ((got = read(show.theirs, waste, sizeof waste)) > 0)
        sum += (size_t)got;
    return sum;
}

static void input_comes_in_pieces_of_the_engines_room(void **state)
{
    (void)state;
    open_show(NULL);
    p->room_size = 4;
    assert_int_equal(write(show.theirs, "hello, world", 12), 12);
    puppet_pump(&show, 4);
    assert_int_equal(p->input_size, 12);
    assert_memory_equal(p->input, "hello, world", 12);
    sally_counters n = {.struct_size = sizeof n};
    assert_int_equal(sally_server_counters(show.server, &n), SALLY_E_OK);
    assert_int_equal(n.bytes_in, 12);
    puppet_close(&show);
}

/* No room: the socket is not read, nor polled for reading, until there is some again. */
static void a_full_engine_stops_the_reading(void **state)
{
    (void)state;
    open_show(NULL);
    p->room_size = 0;
    assert_int_equal(write(show.theirs, "late", 4), 4);
    puppet_pump(&show, 4);
    assert_int_equal(p->input_size, 0);
    assert_int_equal(p->conn->socket.interest & UV_READABLE, 0);
    p->room_size = sizeof p->room;
    conn_make_ready(p->conn); /* as whatever makes room does */
    puppet_pump(&show, 4);
    assert_memory_equal(p->input, "late", 4);
    puppet_close(&show);
}

static void output_leaves_and_the_engine_runs_again(void **state)
{
    (void)state;
    open_show(NULL);
    p->output_size = 100;
    unsigned runs = p->runs;
    conn_make_ready(p->conn);
    puppet_pump(&show, 2);
    assert_int_equal(drain_theirs(), 100);
    assert_true(p->runs >= runs + 2); /* in its turn, and after what was sent */
    puppet_close(&show);
}

/* More than one run of the engine in a turn is another turn. */
static void an_engine_with_more_to_do_gets_more_turns(void **state)
{
    (void)state;
    open_show(NULL);
    p->runs_wanted = p->runs + 10;
    conn_make_ready(p->conn);
    puppet_pump(&show, 10);
    assert_true(p->runs >= p->runs_wanted);
    puppet_close(&show);
}

static void a_full_socket_waits_for_the_peer(void **state)
{
    (void)state;
    open_show(NULL);
    for (int i = 0; i < 10000 && !p->conn->socket.is_blocked; i++) {
        p->output_size = sizeof p->output;
        conn_make_ready(p->conn);
        puppet_pump(&show, 1);
    }
    assert_true(p->conn->socket.is_blocked);
    assert_true(p->output_size > 0);
    for (int i = 0; i < 100 && p->output_size > 0; i++) {
        (void)drain_theirs();
        puppet_pump(&show, 2);
    }
    assert_int_equal(p->output_size, 0);
    puppet_close(&show);
}

static void a_peer_that_hangs_up_ends_it(void **state)
{
    (void)state;
    open_show(NULL);
    assert_int_equal(write(show.theirs, "bye", 3), 3);
    close(show.theirs);
    show.theirs = -1;
    conn_ref(p->conn); /* to look at it afterwards */
    for (int i = 0; i < 10 && !p->is_freed; i++)
        puppet_pump(&show, 1);
    assert_true(p->is_freed);
    assert_memory_equal(p->input, "bye", 3); /* what it said before was heard */
    assert_int_equal(p->ends_of_input, 1);
    assert_int_equal(reason_of_end(), SALLY_END_BY_CLIENT);
    conn_unref(p->conn);
    puppet_close(&show);
}

/* The last words are sent, then the peer is given time to read them. */
static void last_words_are_sent_before_the_end(void **state)
{
    (void)state;
    open_show(NULL);
    conn_ref(p->conn);
    p->farewell = 50;
    conn_disconnect(p->conn, SALLY_END_BY_SERVER, "go");
    for (int i = 0; i < 10 && !p->is_freed; i++)
        puppet_pump(&show, 1);
    assert_true(p->is_freed);
    assert_int_equal(atomic_load(&p->conn->stage), CONN_LINGERING);
    assert_int_equal(drain_theirs(), 50);
    assert_int_equal(write(show.theirs, "what?", 5), 5); /* not a reset */
    close(show.theirs);
    show.theirs = -1;
    for (int i = 0; i < 10 && atomic_load(&p->conn->stage) != CONN_CLOSED; i++)
        puppet_pump(&show, 1);
    assert_int_equal(atomic_load(&p->conn->stage), CONN_CLOSED);
    assert_int_equal(p->conn->socket.fd, -1);
    conn_unref(p->conn);
    puppet_close(&show);
}

static void the_engines_deadline_is_met(void **state)
{
    (void)state;
    open_show(NULL);
    p->deadline_ns = loop_now_ns();
    conn_make_ready(p->conn);
    assert_true(puppet_pump_until(&show, &p->ticks, 1));
    assert_int_equal(p->ticks, 1);
    puppet_close(&show);
}

/* Its buffers are given back after a second without traffic, once. */
static void an_idle_connection_is_trimmed(void **state)
{
    (void)state;
    open_show(NULL);
    assert_true(puppet_pump_until(&show, &p->trims, 1));
    puppet_pump(&show, 5);
    assert_int_equal(p->trims, 1);
    puppet_close(&show);
}

/* Something waits to be sent, and the peer reads nothing. */
static void a_stalled_peer_is_dropped(void **state)
{
    (void)state;
    static const char *const settings[] = {"limits.stall_time", "1s", NULL};
    open_show(settings);
    conn_ref(p->conn);
    for (int i = 0; i < 10000 && !p->conn->socket.is_blocked; i++) {
        p->output_size = sizeof p->output;
        conn_make_ready(p->conn);
        puppet_pump(&show, 1);
    }
    unsigned freed = 0;
    for (int i = 0; i < 200 && !freed; i++) {
        assert_true(sally_server_poll(show.server, 100) >= 0);
        freed = p->is_freed;
    }
    assert_int_equal(freed, 1);
    assert_int_equal(reason_of_end(), SALLY_END_TIMEOUT);
    conn_unref(p->conn);
    puppet_close(&show);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_comes_in_pieces_of_the_engines_room),
        cmocka_unit_test(a_full_engine_stops_the_reading),
        cmocka_unit_test(output_leaves_and_the_engine_runs_again),
        cmocka_unit_test(an_engine_with_more_to_do_gets_more_turns),
        cmocka_unit_test(a_full_socket_waits_for_the_peer),
        cmocka_unit_test(a_peer_that_hangs_up_ends_it),
        cmocka_unit_test(last_words_are_sent_before_the_end),
        cmocka_unit_test(the_engines_deadline_is_met),
        cmocka_unit_test(an_idle_connection_is_trimmed),
        cmocka_unit_test(a_stalled_peer_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
