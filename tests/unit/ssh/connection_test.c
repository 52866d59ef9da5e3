/* Channels are opened and closed (RFC 4254 section 5.1); their data is in channel_test.c. */
#include "connection_fixture.h"

static void opens_sessions_up_to_the_bound(void **state)
{
    (void)state;
    struct conn_fixture f;
    conn_ready(&f);
    for (uint32_t i = 0; i < 10; i++) {
        conn_open(&f, "session", 100 + i, 1000, 1000);
        assert_int_equal(conn_expect_confirmation(&f, 100 + i), i);
    }
    conn_open(&f, "session", 110, 1000, 1000);
    conn_expect_open_failure(&f, 110, OPEN_RESOURCE_SHORTAGE);
    conn_close(&f, 4);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_CLOSE, 104);
    conn_open(&f, "session", 111, 1000, 1000); /* a number that both sides have closed */
    assert_int_equal(conn_expect_confirmation(&f, 111), 4);
    conn_finish(&f);
}

/* What a client may say too late, or unasked, and what it may say of no channel that never was. */
static void late_messages_mean_nothing(void **state)
{
    (void)state;
    static const uint8_t late[] = {SSH_MSG_CHANNEL_WINDOW_ADJUST, SSH_MSG_CHANNEL_EOF,
                                   SSH_MSG_CHANNEL_CLOSE,         SSH_MSG_CHANNEL_SUCCESS,
                                   SSH_MSG_CHANNEL_FAILURE,       SSH_MSG_CHANNEL_REQUEST,
                                   SSH_MSG_CHANNEL_DATA,          SSH_MSG_CHANNEL_EXTENDED_DATA};
    for (size_t i = 0; i < COUNT_OF(late); i++)
        for (uint32_t number = 0; number < 4;
             number++) { /* 0 is open, 1 gone, 2 and 3 never were */
            struct conn_fixture f;
            conn_ready(&f);
            conn_open(&f, "session", 100, 1000, 1000);
            assert_int_equal(conn_expect_confirmation(&f, 100), 0);
            conn_open(&f, "session", 101, 1000, 1000);
            assert_int_equal(conn_expect_confirmation(&f, 101), 1);
            conn_close(&f, 1);
            conn_expect_reply(&f, SSH_MSG_CHANNEL_CLOSE, 101);
            struct buf room, *m = payload(&room, late[i]);
            put_u32(m, number);
            if (late[i] == SSH_MSG_CHANNEL_WINDOW_ADJUST)
                put_u32(m, 1000);
            if (late[i] == SSH_MSG_CHANNEL_EXTENDED_DATA)
                put_u32(m, 1);
            if (late[i] == SSH_MSG_CHANNEL_REQUEST)
                put_text(m, "signal");
            if (late[i] == SSH_MSG_CHANNEL_REQUEST)
                put_bool(m, number == 1); /* what is gone gets no answer */
            else if (late[i] == SSH_MSG_CHANNEL_DATA || late[i] == SSH_MSG_CHANNEL_EXTENDED_DATA)
                put_text(m, "data");
            conn_feed(&f, m);
            bool is_data =
                late[i] == SSH_MSG_CHANNEL_DATA || late[i] == SSH_MSG_CHANNEL_EXTENDED_DATA;
            bool lives = number == 0 || (number == 1 && !is_data);
            if (ssh_is_over(f.b.ssh) == lives)
                fail_msg("message %u for channel %u", late[i], number);
            if (number == 1 && lives)
                assert_int_equal(bare_sent(&f.b).size, 0);
            conn_finish(&f);
        }
}

static void opens_nothing_else(void **state)
{
    (void)state;
    struct conn_fixture f;
    conn_ready(&f);
    conn_open(&f, "direct-tcpip", 1, 1000, 1000);
    conn_expect_open_failure(&f, 1, OPEN_PROHIBITED);
    conn_open(&f, "x11", 2, 1000, 1000);
    conn_expect_open_failure(&f, 2, OPEN_PROHIBITED);
    conn_open(&f, "tunnel", 3, 1000, 1000);
    conn_expect_open_failure(&f, 3, OPEN_UNKNOWN_TYPE);
    conn_open(&f, "", UINT32_MAX, 0, 0);
    conn_expect_open_failure(&f, UINT32_MAX, OPEN_UNKNOWN_TYPE);
    conn_open(&f, "session", 4, 1000, 0);
    conn_expect_open_failure(&f, 4, OPEN_PROHIBITED);
    assert_int_equal(f.o.charged, 0);
    conn_finish(&f);
}

static void accepts_any_window_and_packet_size(void **state)
{
    (void)state;
    struct conn_fixture f;
    conn_ready(&f);
    conn_open(&f, "session", 0, 0, 1);
    conn_expect_confirmation(&f, 0);
    conn_open(&f, "session", 1, 1, UINT32_MAX);
    conn_expect_confirmation(&f, 1);
    conn_open(&f, "session", 2, UINT32_MAX, UINT32_MAX);
    conn_expect_confirmation(&f, 2);
    conn_finish(&f);
}

static void no_more_sessions_is_honoured(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    conn_open(&f, "session", 1, 1000, 1000);
    conn_expect_confirmation(&f, 1);
    m = payload(&room, SSH_MSG_GLOBAL_REQUEST);
    put_text(m, "no-more-sessions@openssh.com");
    put_bool(m, false);
    conn_feed(&f, m);
    conn_expect_nothing(&f);
    conn_open(&f, "session", 2, 1000, 1000);
    conn_expect_open_failure(&f, 2, OPEN_PROHIBITED);
    conn_finish(&f);
}

static void windows_are_charged_and_given_back(void **state)
{
    (void)state;
    struct conn_fixture f;
    conn_begin(&f);
    f.o.charge_limit = (2 << 20) + (65 << 10);
    bare_start(&f.b, READY);
    conn_open(&f, "session", 1, 1000, 1000);
    conn_expect_confirmation(&f, 1);
    assert_int_equal(f.o.charged, 2 << 20);
    conn_open(&f, "session", 2, 1000, 1000); /* a small one still goes */
    assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    assert_int_equal(f.o.charged, (2 << 20) + (64 << 10));
    conn_open(&f, "session", 3, 1000, 1000);
    conn_expect_open_failure(&f, 3, OPEN_RESOURCE_SHORTAGE);
    conn_close(&f, 0);
    assert_int_equal(f.o.charged, 64 << 10);
    conn_finish(&f);
}

static void unknown_channels_end_it(void **state)
{
    (void)state;
    static const uint8_t numbers[] = {
        SSH_MSG_CHANNEL_WINDOW_ADJUST, SSH_MSG_CHANNEL_DATA,  SSH_MSG_CHANNEL_EXTENDED_DATA,
        SSH_MSG_CHANNEL_EOF,           SSH_MSG_CHANNEL_CLOSE, SSH_MSG_CHANNEL_REQUEST,
    };
    static const uint32_t channels[] = {1, 4, 100, UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(numbers) * COUNT_OF(channels); i++) {
        struct conn_fixture f;
        struct buf room, *m;
        uint8_t number = numbers[i / COUNT_OF(channels)];
        conn_ready(&f);
        conn_open(&f, "session", 5, 1000, 1000);
        conn_expect_confirmation(&f, 5);
        m = payload(&room, number);
        put_u32(m, channels[i % COUNT_OF(channels)]);
        if (number == SSH_MSG_CHANNEL_WINDOW_ADJUST || number == SSH_MSG_CHANNEL_DATA)
            put_u32(m, 0);
        if (number == SSH_MSG_CHANNEL_EXTENDED_DATA)
            put_u64(m, 1);
        if (number == SSH_MSG_CHANNEL_REQUEST) {
            put_text(m, "shell");
            put_bool(m, true);
        }
        conn_feed(&f, m);
        conn_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
        conn_finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_sessions_up_to_the_bound),
        cmocka_unit_test(late_messages_mean_nothing),
        cmocka_unit_test(opens_nothing_else),
        cmocka_unit_test(accepts_any_window_and_packet_size),
        cmocka_unit_test(no_more_sessions_is_honoured),
        cmocka_unit_test(windows_are_charged_and_given_back),
        cmocka_unit_test(unknown_channels_end_it),
    };
    return cmocka_run_group_tests_name("ssh/connection", tests, NULL, NULL);
}
