/* Packets as an attacker forms them: lengths, padding, flipped bits. */
#include "engine_pair.h"
#include "ssh/compress.h"

static void start_clear(struct pair *p, void **state)
{
    pair_init(p, state);
    pair_use_key(p, state, "ed25519");
    pair_start(p);
    static const char line[] = "SSH-2.0-raw\r\n";
    side_feed(&p->server, slice_of(line));
    assert_int_equal(p->server.ssh->state, AWAIT_KEXINIT);
}

static void impossible_lengths_end_it(void **state)
{
    static const uint32_t lengths[] = {0,       1,          4,          5,          13,
                                       0x10001, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct pair p;
        uint8_t bytes[32] = {0, 0, 0, 0, 4, SSH_MSG_IGNORE};
        struct slice data = {bytes, sizeof bytes};
        start_clear(&p, state);
        wire_put_u32(bytes, lengths[i]);
        side_feed(&p.server, data);
        assert_int_equal(p.server.overs, 1);
        assert_int_equal(p.server.end, SSH_END_PROTOCOL);
        assert_true(p.server.ssh->transport->rx.capacity < 100000);
        pair_free(&p);
    }
}

static void impossible_padding_ends_it(void **state)
{
    static const uint8_t paddings[] = {0, 3, 12, 200, 255};
    for (size_t i = 0; i < COUNT_OF(paddings); i++) {
        struct pair p;
        uint8_t bytes[16] = {0, 0, 0, 12, paddings[i], SSH_MSG_IGNORE};
        struct slice data = {bytes, sizeof bytes};
        start_clear(&p, state);
        side_feed(&p.server, data);
        assert_int_equal(p.server.overs, 1);
        pair_free(&p);
    }
}

static void the_largest_packet_before_the_login(void **state)
{
    for (int larger = 0; larger < 2; larger++) {
        struct pair p;
        struct buf packet;
        size_t size = LOGIN_PACKET_MAX + (larger ? 8 : 0) - 4; /* whole blocks with the length */
        start_clear(&p, state);
        buf_init(&packet, 100000);
        put_u32(&packet, (uint32_t)size);
        uint8_t *at = buf_extend(&packet, size);
        assert_non_null(at);
        memset(at, 0, size);
        at[0] = 5;
        at[1] = SSH_MSG_IGNORE;
        side_feed(&p.server, buf_slice(&packet));
        assert_int_equal(p.server.overs, larger);
        buf_clear(&packet);
        pair_free(&p);
    }
}

static void logs_in(struct pair *p, void **state, const char *cipher, const char *mac)
{
    pair_init(p, state);
    pair_use_key(p, state, "ed25519");
    p->client_options.settings.fixed.ciphers = cipher;
    p->client_options.settings.fixed.macs = mac;
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
}

static void large_packets_pass_after_the_login(void **state)
{
    struct pair p;
    logs_in(&p, state, NULL, NULL);
    size_t max = p.server.ssh->options.max_packet;
    for (int larger = 0; larger < 2; larger++) {
        size_t size = larger ? max : max - 300;
        uint8_t *bytes = mem_zalloc(size);
        assert_non_null(bytes);
        bytes[0] = SSH_MSG_IGNORE;
        struct slice payload = {bytes, size}, nothing = {NULL, 0};
        assert_true(send_now(p.client.ssh, payload, nothing));
        pair_run(&p);
        assert_int_equal(p.server.overs, larger);
        mem_free(bytes);
    }
    pair_free(&p);
}

/* Any bit of a packet, in every family of ciphers: only the length's own may lead elsewhere than to
 * the integrity check. */
static void a_flipped_bit_is_noticed(void **state)
{
    static const char *const ciphers[][2] = {
        {"chacha20-poly1305@openssh.com", NULL},
        {"aes128-gcm@openssh.com", NULL},
        {"aes128-ctr", "hmac-sha2-256"},
        {"aes128-ctr", "hmac-sha2-256-etm@openssh.com"},
    };
    static const uint8_t bytes[] = {SSH_MSG_IGNORE, 0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'};
    struct slice payload = {bytes, sizeof bytes}, nothing = {NULL, 0};
    for (size_t c = 0; c < COUNT_OF(ciphers); c++)
        for (size_t bit = 0;; bit += 3) {
            struct pair p;
            logs_in(&p, state, ciphers[c][0], ciphers[c][1]);
            assert_true(send_now(p.client.ssh, payload, nothing));
            struct slice out = ssh_output(p.client.ssh);
            if (bit / 8 >= out.size) {
                pair_free(&p);
                break;
            }
            uint8_t copy[256];
            assert_true(out.size <= sizeof copy);
            memcpy(copy, out.data, out.size);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            struct slice changed = {copy, out.size};
            side_feed(&p.server, changed);
            if (bit >= 32 && !ssh_is_over(p.server.ssh))
                fail_msg("cipher %zu, bit %zu", c, bit);
            if (bit >= 32)
                assert_string_equal(p.server.end_detail, "a packet failed its integrity check");
            /* A length that is too large waits for more, which is then wrong. */
            static const uint8_t more[300000];
            struct slice rest = {more, sizeof more};
            side_feed(&p.server, rest);
            assert_true(ssh_is_over(p.server.ssh));
            assert_int_equal(p.server.end, SSH_END_PROTOCOL);
            pair_free(&p);
        }
}

static void the_peer_hears_of_a_wrong_mac(void **state)
{
    struct pair p;
    logs_in(&p, state, NULL, NULL);
    static const uint8_t junk[64] = {0, 0, 0, 16};
    struct slice data = {junk, sizeof junk};
    side_feed(&p.server, data);
    if (!ssh_is_over(p.server.ssh)) { /* the decrypted length was small enough to wait */
        static const uint8_t more[300000];
        struct slice rest = {more, sizeof more};
        side_feed(&p.server, rest);
    }
    pair_run(&p);
    assert_int_equal(p.client.overs, 1);
    assert_int_equal(p.client.end, SSH_END_PEER);
    pair_free(&p);
}

static void a_packet_may_not_be_replayed(void **state)
{
    struct pair p;
    static const uint8_t bytes[] = {SSH_MSG_IGNORE, 0, 0, 0, 0};
    struct slice payload = {bytes, sizeof bytes}, nothing = {NULL, 0};
    logs_in(&p, state, NULL, NULL);
    assert_true(send_now(p.client.ssh, payload, nothing));
    side_feed(&p.server, ssh_output(p.client.ssh));
    assert_alive(&p.server);
    side_feed(&p.server, ssh_output(p.client.ssh));
    assert_true(ssh_is_over(p.server.ssh) || p.server.ssh->transport->rx.packet_length);
    pair_free(&p);
}

/* Inflates to more than any message may have. */
static void a_bomb_does_not_go_off(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.compression = "zlib@openssh.com";
    pair_start(&p);
    pair_exchange_keys(&p);
    pair_log_in(&p);
    size_t size = 1 << 20;
    uint8_t *zeros = mem_zalloc(size);
    assert_non_null(zeros);
    zeros[0] = SSH_MSG_IGNORE;
    struct slice payload = {zeros, size}, nothing = {NULL, 0};
    assert_true(send_now(p.client.ssh, payload, nothing));
    assert_true(ssh_output(p.client.ssh).size < 4096);
    pair_run(&p);
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    assert_true(p.server.ssh->transport->inflated.capacity <= p.server.ssh->options.max_packet);
    mem_free(zeros);
    pair_free(&p);
}

static void what_is_no_deflate_stream_ends_it(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.compression = "zlib@openssh.com";
    pair_start(&p);
    pair_exchange_keys(&p);
    pair_log_in(&p);
    compressor_free(p.client.ssh->transport->out.compressor);
    p.client.ssh->transport->out.compressor = NULL;
    static const uint8_t bytes[] = {SSH_MSG_IGNORE, 0, 0, 0, 0, 7, 7, 7, 7};
    struct slice payload = {bytes, sizeof bytes};
    side_inject(&p.client, payload);
    assert_int_equal(p.server.overs, 1);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_lengths_end_it),
        cmocka_unit_test(impossible_padding_ends_it),
        cmocka_unit_test(the_largest_packet_before_the_login),
        cmocka_unit_test(large_packets_pass_after_the_login),
        cmocka_unit_test(a_flipped_bit_is_noticed),
        cmocka_unit_test(the_peer_hears_of_a_wrong_mac),
        cmocka_unit_test(a_packet_may_not_be_replayed),
        cmocka_unit_test(a_bomb_does_not_go_off),
        cmocka_unit_test(what_is_no_deflate_stream_ends_it),
    };
    return cmocka_run_group_tests_name("ssh receive", tests, pair_group_setup, pair_group_teardown);
}
