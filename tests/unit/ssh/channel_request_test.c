/* What a session is asked to run, and all that it is not. */
#include "connection_fixture.h"

#include "ssh/channel_request.h"

static void unasked_replies_mean_nothing(void **state)
{
    (void)state;
    struct conn_fixture f;
    conn_ready(&f);
    static const uint8_t replies[] = {SSH_MSG_REQUEST_SUCCESS, SSH_MSG_REQUEST_FAILURE};
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        struct buf room, *m = payload(&room, replies[i]);
        conn_feed(&f, m);
        assert_int_equal(bare_sent(&f.b).size, 0);
        assert_false(ssh_is_over(f.b.ssh));
    }
    conn_finish(&f);
}

static void starts_one_thing_per_channel(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    conn_open(&f, "session", 5, 1000, 1000);
    uint32_t n = conn_expect_confirmation(&f, 5);
    f.o.refuse = true;
    m = conn_request(&room, n, "subsystem", true);
    put_text(m, "unknown");
    conn_feed(&f, m);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    f.o.refuse = false;
    m = conn_request(&room, n, "exec", true);
    put_text(m, "scp -t .");
    conn_feed(&f, m);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_SUCCESS, 5);
    assert_string_equal(f.o.what, "scp -t .");
    m = conn_request(&room, n, "subsystem", true);
    put_text(m, "sftp");
    conn_feed(&f, m);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    m = conn_request(&room, n, "exec", false); /* no reply is wanted: none comes */
    put_text(m, "ls");
    conn_feed(&f, m);
    conn_expect_nothing(&f);
    assert_int_equal(f.o.subsystems, 1);
    assert_int_equal(f.o.execs, 1);
    conn_finish(&f);
}

/* RFC 4254 section 6.5: it has no argument. */
static void a_shell_is_an_empty_command(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    conn_open(&f, "session", 5, 1000, 1000);
    uint32_t n = conn_expect_confirmation(&f, 5);
    m = conn_request(&room, n, "shell", true);
    conn_feed(&f, m);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_SUCCESS, 5);
    assert_string_equal(f.o.what, "");
    assert_int_equal(f.o.execs, 1);
    m = conn_request(&room, n, "shell", true);
    put_text(m, "ls");
    conn_feed(&f, m);
    conn_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
    conn_finish(&f);
}

static void tries_to_start_are_bounded(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    f.o.refuse = true;
    conn_open(&f, "session", 5, 1000, 1000);
    uint32_t n = conn_expect_confirmation(&f, 5);
    for (int i = 0; i < 20; i++) {
        m = conn_request(&room, n, "subsystem", true);
        put_text(m, "x");
        conn_feed(&f, m);
        conn_expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    }
    assert_int_equal(f.o.subsystems, CHANNEL_TRIES_MAX);
    conn_finish(&f);
}

static void refuses_other_requests_politely(void **state)
{
    (void)state;
    static const char *const types[] = {
        "env",
        "pty-req",
        "x11-req",
        "auth-agent-req@openssh.com",
        "window-change",
        "signal",
        "break",
        "xon-xoff",
        "eow@openssh.com",
        "keepalive@openssh.com",
        "",
        "exit-status",
    };
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    conn_open(&f, "session", 5, 1000, 1000);
    uint32_t n = conn_expect_confirmation(&f, 5);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        m = conn_request(&room, n, types[i], true);
        put_text(m, "some");
        put_text(m, "thing");
        conn_feed(&f, m);
        conn_expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
        conn_feed(&f, conn_request(&room, n, types[i], false));
        conn_expect_nothing(&f);
    }
    assert_int_equal(f.o.subsystems + f.o.execs, 0);
    conn_finish(&f);
}

static void names_with_nul_or_without_end_start_nothing(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    static const char long_one[257] = {'a'};
    conn_ready(&f);
    conn_open(&f, "session", 5, 1000, 1000);
    uint32_t n = conn_expect_confirmation(&f, 5);
    m = conn_request(&room, n, "subsystem", true);
    put_string(m, "sftp\0x", 6);
    conn_feed(&f, m);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    m = conn_request(&room, n, "subsystem", true);
    put_string(m, long_one, sizeof long_one);
    conn_feed(&f, m);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    m = conn_request(&room, n, "subsystem", true);
    put_text(m, "sftp");
    put_u8(m, 0);
    conn_feed(&f, m);
    conn_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
    assert_int_equal(f.o.subsystems, 0);
    conn_finish(&f);
}

/* Nothing is processed while an answer is awaited; neither keepalives nor the stall rule count. */
static void an_answer_may_come_later(void **state)
{
    (void)state;
    for (int ok = 0; ok < 2; ok++) {
        struct conn_fixture f;
        struct buf room, *m;
        uint8_t *place;
        conn_begin(&f);
        f.b.options.settings.keepalive_ns = 1000;
        f.o.later = true;
        bare_start(&f.b, READY);
        conn_open(&f, "session", 5, 1000, 1000);
        uint32_t n = conn_expect_confirmation(&f, 5);
        m = conn_request(&room, n, "exec", true);
        put_text(m, "think");
        conn_feed(&f, m);
        conn_expect_nothing(&f);
        assert_int_equal(ssh_input_room(f.b.ssh, &place), 0);
        assert_true(ssh_deadline(f.b.ssh) == UINT64_MAX);
        ssh_channel_answer(f.o.asked, ok);
        assert_int_not_equal(ssh_input_room(f.b.ssh, &place), 0);
        conn_expect_reply(&f, ok ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE, 5);
        f.o.later = false;
        m = conn_request(&room, n, "exec", true);
        put_text(m, "again");
        conn_feed(&f, m);
        conn_expect_reply(&f, ok ? SSH_MSG_CHANNEL_FAILURE : SSH_MSG_CHANNEL_SUCCESS, 5);
        conn_finish(&f);
    }
}

static void no_reply_is_owed_to_who_wants_none(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    f.o.later = true;
    conn_open(&f, "session", 5, 1000, 1000);
    uint32_t n = conn_expect_confirmation(&f, 5);
    m = conn_request(&room, n, "exec", false);
    put_text(m, "think");
    conn_feed(&f, m);
    ssh_channel_answer(f.o.asked, true);
    conn_expect_nothing(&f);
    conn_finish(&f); /* and the end while one is awaited: */
    conn_ready(&f);
    f.o.later = true;
    conn_open(&f, "session", 5, 1000, 1000);
    n = conn_expect_confirmation(&f, 5);
    m = conn_request(&room, n, "exec", true);
    put_text(m, "think");
    conn_feed(&f, m);
    conn_finish(&f);
    assert_int_equal(f.o.closed, 1);
}

/* RFC 4254 section 6.10. */
static void the_end_is_told(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct conn_fixture f;
        struct buf room, *m;
        conn_ready(&f);
        conn_open(&f, "session", 5, 1000, 1000);
        uint32_t n = conn_expect_confirmation(&f, 5);
        m = conn_request(&room, n, "exec", false);
        put_text(m, "run");
        conn_feed(&f, m);
        if (how == 0)
            ssh_channel_finish(f.o.asked, 7);
        else if (how == 1)
            ssh_channel_finish_by_signal(f.o.asked, "TERM", true, "why");
        else
            ssh_channel_finish_without_status(f.o.asked);
        ssh_channel_finish(f.o.asked, 8); /* too late */
        ssh_run(f.b.ssh, 1);
        struct cursor c = cursor_of_slice(bare_sent(&f.b));
        if (how < 2) {
            assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_REQUEST);
            assert_int_equal(get_u32(&c), 5);
            assert_true(slice_is(get_string(&c), how ? "exit-signal" : "exit-status"));
            assert_false(get_bool(&c));
        }
        if (how == 0)
            assert_int_equal(get_u32(&c), 7);
        if (how == 1) {
            assert_true(slice_is(get_string(&c), "TERM"));
            assert_true(get_bool(&c));
            assert_true(slice_is(get_string(&c), "why"));
            assert_true(slice_is(get_string(&c), ""));
        }
        if (how < 2) {
            assert_true(cursor_done(&c));
            c = cursor_of_slice(bare_sent(&f.b));
        }
        assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_EOF);
        assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_CHANNEL_CLOSE);
        conn_finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unasked_replies_mean_nothing),
        cmocka_unit_test(starts_one_thing_per_channel),
        cmocka_unit_test(a_shell_is_an_empty_command),
        cmocka_unit_test(tries_to_start_are_bounded),
        cmocka_unit_test(refuses_other_requests_politely),
        cmocka_unit_test(an_answer_may_come_later),
        cmocka_unit_test(no_reply_is_owed_to_who_wants_none),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(names_with_nul_or_without_end_start_nothing),
    };
    return cmocka_run_group_tests_name("ssh/channel_request", tests, NULL, NULL);
}
