/* Identification lines (RFC 4253 section 4.2). */
#include "engine_pair.h"

static void server_hears(void **state, const char *line, size_t size, bool good)
{
    /* At once, and byte by byte. */
    for (int bytewise = 0; bytewise < 2; bytewise++) {
        struct pair p;
        pair_init(&p, state);
        pair_use_key(&p, state, "ed25519");
        pair_start(&p);
        for (size_t i = 0; i < size; i += bytewise ? 1 : size) {
            struct slice data = {(const uint8_t *)line + i, bytewise ? 1 : size};
            side_feed(&p.server, data);
        }
        if (good) {
            assert_alive(&p.server);
            assert_int_equal(p.server.ssh->state, AWAIT_KEXINIT);
        } else {
            assert_int_equal(p.server.overs, 1);
            assert_int_equal(p.server.end, SSH_END_PROTOCOL);
        }
        pair_free(&p);
    }
}

#define HEARS(line, good) server_hears(state, line, sizeof(line) - 1, good)

static void a_server_takes_version_2(void **state)
{
    HEARS("SSH-2.0-OpenSSH_9.9\r\n", true);
    HEARS("SSH-2.0-OpenSSH_9.9\n", true);
    HEARS("SSH-1.99-Old and with comment\r\n", true);
    HEARS("SSH-2.0-\r\n", true); /* no one sends it, but it harms no one */
    HEARS("SSH-2.0-caf\xc3\xa9\r\n", true);
}

static void a_server_takes_nothing_else(void **state)
{
    HEARS("GET / HTTP/1.1\r\n", false);
    HEARS("\n", false);
    HEARS("\r\nSSH-2.0-late\r\n", false);
    HEARS("ssh-2.0-lower\r\n", false);
    HEARS("SSH-1.5-older\r\n", false);
    HEARS("SSH-2.1-newer\r\n", false);
    HEARS("SSH-2.0\r\n", false);
    HEARS("SSH-2.0-nul\0inside\r\n", false);
    HEARS("SSH-2.0-bell\ainside\r\n", false);
    HEARS("SSH-2.0-return\rinside\r\n", false);
    HEARS("\x16\x03\x01", false);
}

static void the_line_has_at_most_255_bytes(void **state)
{
    char line[400];
    memset(line, 'x', sizeof line);
    memcpy(line, "SSH-2.0-", 8);
    line[253] = '\r';
    line[254] = '\n';
    server_hears(state, line, 255, true);
    line[253] = 'x';
    line[254] = '\r';
    line[255] = '\n';
    server_hears(state, line, 256, false);
    memset(line + 8, 'x', sizeof line - 8);
    server_hears(state, line, 255, false); /* no end in sight */
}

static void nothing_is_said_to_a_stranger(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    side_drop_output(&p.server);
    side_feed(&p.server, slice_of("GET / HTTP/1.1\r\n"));
    assert_int_equal(ssh_output(p.server.ssh).size, 0);
    pair_free(&p);
}

static void the_server_speaks_first(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    static const char line[] = "SSH-2.0-server_1.0 with a comment\r\n";
    assert_memory_equal(ssh_output(p.server.ssh).data, line, sizeof line - 1);
    pair_free(&p);
}

static void client_hears(void **state, const char *text, bool good)
{
    struct pair p;
    pair_init(&p, state);
    pair_use_key(&p, state, "ed25519");
    pair_start(&p);
    side_feed(&p.client, slice_of(text));
    assert_int_equal(p.client.overs, !good);
    if (good) {
        pair_exchange_keys(&p);
        assert_string_equal(ssh_peer_software(p.client.ssh), "server_1.0 with a comment");
    }
    pair_free(&p);
}

static void a_client_skips_lines_before(void **state)
{
    client_hears(state, "Welcome\r\n", true);
    client_hears(state, "Welcome\nto\n\nthis\r\n \r\n", true);
    client_hears(state, "SSH-1.0-too old\r\n", false);
    client_hears(state, "SSH-junk\r\n", false);
}

static void a_client_does_not_skip_for_ever(void **state)
{
    char text[5000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    client_hears(state, text, false);
    for (size_t i = 0; i + 1 < sizeof text; i += 10)
        text[i] = '\n';
    client_hears(state, text, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_takes_version_2),
        cmocka_unit_test(a_server_takes_nothing_else),
        cmocka_unit_test(the_line_has_at_most_255_bytes),
        cmocka_unit_test(nothing_is_said_to_a_stranger),
        cmocka_unit_test(the_server_speaks_first),
        cmocka_unit_test(a_client_skips_lines_before),
        cmocka_unit_test(a_client_does_not_skip_for_ever),
    };
    return cmocka_run_group_tests_name("ssh version", tests, pair_group_setup, pair_group_teardown);
}
