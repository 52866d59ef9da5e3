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
        assert_false(ssh_over(f.b.ssh));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unasked_replies_mean_nothing),
        cmocka_unit_test(starts_one_thing_per_channel),
        cmocka_unit_test(a_shell_is_an_empty_command),
        cmocka_unit_test(tries_to_start_are_bounded),
        cmocka_unit_test(refuses_other_requests_politely),
        cmocka_unit_test(names_with_nul_or_without_end_start_nothing),
    };
    return cmocka_run_group_tests_name("ssh/channel_request", tests, NULL, NULL);
}
