/* How a connection ends, and who learns of it. */
#include "engine_pair.h"

static void log_in(struct pair *p)
{
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
    pair_open_channel(p);
}

static void the_owner_may_disconnect(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    ssh_disconnect(p.server.ssh, "going down");
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(p.server.end, SSH_END_LOCAL);
    assert_string_equal(p.server.end_detail, "going down");
    assert_true(p.server.closed);
    ssh_disconnect(p.server.ssh, "again");
    pair_run(&p);
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(p.client.overs, 1);
    assert_int_equal(p.client.end, SSH_END_PEER);
    assert_string_equal(p.client.end_detail, "going down");
    assert_true(p.client.closed);
    pair_free(&p);
}

static void the_line_may_end(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    ssh_input_eof(p.server.ssh);
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(p.server.end, SSH_END_PEER);
    assert_int_equal(ssh_output(p.server.ssh).size, 0);
    pair_free(&p);
}

static void a_long_farewell_is_cut(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    struct buf b;
    char text[5000];
    memset(text, 'x', sizeof text);
    buf_init(&b, 10000);
    put_u8(&b, SSH_MSG_DISCONNECT);
    put_u32(&b, SSH_DISCONNECT_BY_APPLICATION);
    put_string(&b, text, sizeof text);
    side_inject(&p.client, buf_slice(&b)); /* without a language tag */
    assert_int_equal(p.server.end, SSH_END_PEER);
    assert_int_equal(strlen(p.server.end_detail), 255);
    buf_clear(&b);
    pair_free(&p);
}

/* Either end may show the text to people. */
static void a_farewell_is_cleaned(void **state)
{
    static const uint8_t bytes[] = {
        SSH_MSG_DISCONNECT, 0, 0, 0, 11, 0, 0, 0, 6, 'a', 27, '[', '\n', 0xff, 'b'};
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    side_inject(&p.client, (struct slice){bytes, sizeof bytes});
    assert_int_equal(p.server.end, SSH_END_PEER);
    assert_string_equal(p.server.end_detail, "a?[??b");
    pair_free(&p);
}

static void a_farewell_may_lack_anything(void **state)
{
    static const uint8_t number[] = {SSH_MSG_DISCONNECT};
    static const uint8_t no_text[] = {SSH_MSG_DISCONNECT, 0, 0, 0, 11};
    static const uint8_t cut[] = {SSH_MSG_DISCONNECT, 0, 0, 0, 11, 0, 0, 0, 9, 'x'};
    const struct slice farewells[] = {
        {number, sizeof number}, {no_text, sizeof no_text}, {cut, sizeof cut}};
    for (size_t i = 0; i < COUNT_OF(farewells); i++) {
        struct pair p;
        pair_init(&p, state);
        log_in(&p);
        side_inject(&p.client, farewells[i]);
        assert_int_equal(p.server.overs, 1);
        assert_int_equal(p.server.end, SSH_END_PEER);
        assert_string_equal(p.server.end_detail, "the peer disconnected");
        assert_int_equal(ssh_output(p.server.ssh).size, 0); /* and is not answered */
        pair_free(&p);
    }
}

/* A peer that has not said what it speaks gets no packet. */
static void before_the_versions_nothing_is_sent(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    side_drop_output(&p.server);
    ssh_disconnect(p.server.ssh, "bye");
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(ssh_output(p.server.ssh).size, 0);
    pair_free(&p);
}

/* Inside of a call, the end waits for the outermost one to leave; the first reason counts. */
static void it_is_told_once_and_last(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    struct ssh *ssh = p.server.ssh;
    transport_enter(ssh);
    transport_enter(ssh);
    transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL, "first");
    transport_end(ssh, SSH_DISCONNECT_BY_APPLICATION, SSH_END_LOCAL, "second");
    transport_leave(ssh);
    assert_true(ssh_is_over(ssh));
    assert_int_equal(p.server.overs, 0);
    assert_false(p.server.closed);
    transport_leave(ssh);
    assert_int_equal(p.server.overs, 1);
    assert_true(p.server.closed);
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    assert_string_equal(p.server.end_detail, "first");
    ssh_run(ssh, p.now_ns);
    ssh_input_eof(ssh);
    assert_int_equal(p.server.overs, 1);
    pair_run(&p);
    assert_string_equal(p.client.end_detail, "first");
    pair_free(&p);
}

struct log_lines {
    unsigned ends;
    uint32_t level;
};

static void note_line(void *user_data, const sally_log_line *line)
{
    struct log_lines *lines = user_data;
    if (strcmp(line->event, "ssh.ended") == 0) {
        lines->ends++;
        lines->level = line->level;
    }
}

/* Scanners of ports break the protocol before a login every minute; users hardly do. */
static void a_user_who_breaks_the_protocol_is_warned_about(void **state)
{
    for (int logged_in = 0; logged_in < 2; logged_in++) {
        struct log_lines lines = {0};
        struct log_sink sink = {.write = note_line, .user_data = &lines, .level = SALLY_LOG_DEBUG};
        struct pair p;
        pair_init(&p, state);
        p.server_options.log = &sink;
        pair_start(&p);
        pair_exchange_keys(&p);
        if (logged_in)
            pair_log_in(&p);
        transport_end(p.server.ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL, "nonsense");
        assert_int_equal(lines.ends, 1);
        assert_int_equal(lines.level, logged_in ? SALLY_LOG_WARNING : SALLY_LOG_INFO);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_may_disconnect),
        cmocka_unit_test(the_line_may_end),
        cmocka_unit_test(a_long_farewell_is_cut),
        cmocka_unit_test(a_farewell_is_cleaned),
        cmocka_unit_test(a_farewell_may_lack_anything),
        cmocka_unit_test(before_the_versions_nothing_is_sent),
        cmocka_unit_test(it_is_told_once_and_last),
        cmocka_unit_test(a_user_who_breaks_the_protocol_is_warned_about),
    };
    return cmocka_run_group_tests_name("ssh/disconnect", tests, pair_group_setup,
                                       pair_group_teardown);
}
