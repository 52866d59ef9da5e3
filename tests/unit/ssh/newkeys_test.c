/* Keys from a secret and a hash, and when each direction begins to use them. */
#include "engine_pair.h"

#include "base/wire.h"
#include "crypto/hash.h"
#include "ssh/compress.h"
#include "ssh/newkeys.h"

#define SECRET "a secret whose first bit is not set"

/* RFC 4253 section 7.2, told once more: HASH(K || H || letter || session_id), and on. */
static void derive(struct crypto *c, const struct kex_method *m, struct slice hash, char letter,
                   uint8_t *key, size_t size)
{
    struct buf base, input;
    uint8_t made[4 * HASH_MAX_SIZE];
    size_t step = hash_size(m->hash);
    buf_init(&base, 1000);
    put_string(&base, SECRET, sizeof SECRET - 1); /* the mpint of it is the same */
    put_bytes(&base, hash.data, hash.size);
    for (size_t have = 0; have < size; have += step) {
        buf_init(&input, 1000);
        put_bytes(&input, buf_head(&base), base.size);
        if (have == 0) {
            put_u8(&input, (uint8_t)letter);
            put_bytes(&input, hash.data, hash.size); /* the first hash is the session's id */
        } else {
            put_bytes(&input, made, have);
        }
        assert_true(have + step <= sizeof made);
        assert_true(hash_once(c, m->hash, buf_head(&input), input.size, made + have));
        buf_clear(&input);
    }
    memcpy(key, made, size);
    buf_clear(&base);
}

/* What opens the packets that the server seals. */
static struct packet_cipher *servers_keys(struct pair *p, struct slice hash)
{
    const struct kex *k = p->server.ssh->transport->kex;
    const struct agreed_direction *d = &k->agreed.out;
    uint8_t iv[CIPHER_IV_MAX], key[CIPHER_KEY_MAX], mac[MAC_KEY_MAX];
    struct packet_cipher *cipher;
    derive(p->crypto, k->agreed.kex, hash, 'B', iv, d->cipher->iv_size);
    derive(p->crypto, k->agreed.kex, hash, 'D', key, d->cipher->key_size);
    derive(p->crypto, k->agreed.kex, hash, 'F', mac, d->mac ? d->mac->key_size : 0);
    assert_int_equal(packet_cipher_new(&cipher, p->crypto, false, d->cipher, d->mac, key, iv, mac),
                     SALLY_E_OK);
    return cipher;
}

static void start(struct pair *p, void **state, const char *cipher, const char *mac)
{
    pair_init(p, state);
    pair_use_key(p, state, "ed25519");
    p->client_options.settings.fixed.kex = "curve25519-sha256";
    p->client_options.settings.fixed.ciphers = cipher;
    p->client_options.settings.fixed.macs = mac;
    pair_start(p);
}

/* The server's NEWKEYS comes in the clear, and EXT_INFO behind it under keys as the RFC makes
 * them. */
static void keys_are_made_as_the_rfc_says(void **state)
{
    static const char *const algorithms[][2] = {
        {"aes128-gcm@openssh.com", NULL},
        {"chacha20-poly1305@openssh.com", NULL}, /* needs two hashes for its key */
        {"aes256-ctr", "hmac-sha2-512"},
    };
    for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
        struct pair p;
        uint8_t hash[32];
        memset(hash, 0x33, sizeof hash);
        struct slice h = {hash, sizeof hash};
        start(&p, state, algorithms[i][0], algorithms[i][1]);
        pair_run_until(&p.client, AWAIT_KEX);
        side_drop_output(&p.server);
        struct packet_cipher *opens = servers_keys(&p, h);
        assert_true(newkeys_send(p.server.ssh, slice_of(SECRET), h));
        assert_int_equal(p.server.ssh->state, AWAIT_NEWKEYS);
        assert_true(slice_equal(ssh_session_id(p.server.ssh), h));

        struct slice out = ssh_output(p.server.ssh);
        size_t newkeys = 4 + wire_get_u32(out.data);
        assert_int_equal(out.data[5], SSH_MSG_NEWKEYS);
        uint8_t *sealed = mem_dup(out.data + newkeys, out.size - newkeys);
        uint32_t length;
        struct slice payload;
        assert_non_null(sealed);
        assert_true(packet_open_length(opens, 0, sealed, &length)); /* strict: counted anew */
        assert_int_equal(4 + length + packet_tag_size(opens), out.size - newkeys);
        assert_true(packet_open(opens, 0, sealed, length, &payload));
        assert_int_equal(payload.data[0], SSH_MSG_EXT_INFO);
        mem_free(sealed);
        packet_cipher_free(opens);
        pair_free(&p);
    }
}

static void each_direction_changes_by_itself(void **state)
{
    struct pair p;
    start(&p, state, NULL, NULL);
    pair_exchange_keys(&p);
    pair_log_in(&p);
    struct transport *t = p.server.ssh->transport;
    const struct packet_cipher *old_in = t->in.cipher, *old_out = t->out.cipher;
    uint8_t id[HASH_MAX_SIZE];
    memcpy(id, t->session_id, sizeof id);
    ssh_rekey(p.client.ssh);
    ssh_run(p.client.ssh, p.now_ns);
    pair_move(&p.client, SIZE_MAX); /* KEXINIT */
    pair_move(&p.server, SIZE_MAX); /* KEXINIT; the client answers with its value */
    pair_move(&p.client, SIZE_MAX);
    assert_ptr_equal(t->out.cipher, old_out);
    pair_do_jobs(&p.server); /* the reply, and NEWKEYS */
    assert_ptr_not_equal(t->out.cipher, old_out);
    assert_ptr_equal(t->in.cipher, old_in);
    assert_int_equal(t->out.packets, 0);
    assert_true(t->in.packets > 0);
    pair_run(&p); /* the client's NEWKEYS */
    assert_ptr_not_equal(t->in.cipher, old_in);
    assert_int_equal(t->in.packets, 0);
    assert_memory_equal(t->session_id, id, sizeof id); /* stays the first exchange's */
    assert_int_equal(p.server.rekeyed, 1);
    pair_free(&p);
}

static void only_strict_exchanges_count_packets_anew(void **state)
{
    for (int strict = 0; strict < 2; strict++) {
        struct pair p;
        start(&p, state, NULL, NULL);
        if (!strict)
            side_patch_kexinit(&p.client, patch_away_strict);
        pair_exchange_keys(&p);
        struct transport *t = p.server.ssh->transport;
        assert_int_equal(t->in.sequence, strict ? 0 : 3);  /* KEXINIT, INIT, NEWKEYS */
        assert_int_equal(t->out.sequence, strict ? 1 : 4); /* and EXT_INFO */
        pair_log_in(&p);
        pair_free(&p);
    }
}

static void newkeys_holds_nothing(void **state)
{
    static const uint8_t more[] = {SSH_MSG_NEWKEYS, 0};
    struct pair p;
    start(&p, state, NULL, NULL);
    pair_run_until(&p.client, AWAIT_KEX);
    pair_run_until(&p.server, AWAIT_KEX);
    pair_run_until(&p.client, AWAIT_NEWKEYS);
    side_feed_clear(&p.server, (struct slice){more, sizeof more});
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    assert_int_equal(p.server.keys_exchanged, 0);
    pair_free(&p);
}

static const char *agreed_text(struct pair *p, const char *to_server, const char *to_client)
{
    struct agreement *a = &p->server.ssh->transport->kex->agreed;
    a->in.compression = compression_method_find(slice_of(to_server));
    a->out.compression = compression_method_find(slice_of(to_client));
    a = &p->client.ssh->transport->kex->agreed;
    a->out.compression = compression_method_find(slice_of(to_server));
    a->in.compression = compression_method_find(slice_of(to_client));
    pair_exchange_keys(p);
    return strrchr(p->server.algorithms, ' ') + 1;
}

static void people_are_told_what_compresses(void **state)
{
    static const char *const cases[][3] = {
        {"none", "none", "none"},
        {"zlib@openssh.com", "zlib@openssh.com", "zlib@openssh.com"},
        {"zlib@openssh.com", "none", "zlib@openssh.com-in"},
        {"none", "zlib@openssh.com", "zlib@openssh.com-out"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pair p;
        start(&p, state, "aes128-gcm@openssh.com", NULL);
        pair_run_until(&p.client, AWAIT_KEX);
        pair_run_until(&p.server, AWAIT_KEX);
        assert_string_equal(agreed_text(&p, cases[i][0], cases[i][1]), cases[i][2]);
        assert_non_null(strstr(p.server.algorithms, "aes128-gcm@openssh.com implicit"));
        pair_log_in(&p);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_made_as_the_rfc_says),
        cmocka_unit_test(each_direction_changes_by_itself),
        cmocka_unit_test(only_strict_exchanges_count_packets_anew),
        cmocka_unit_test(newkeys_holds_nothing),
        cmocka_unit_test(people_are_told_what_compresses),
    };
    return cmocka_run_group_tests_name("ssh/newkeys", tests, pair_group_setup, pair_group_teardown);
}
