#include "crypto/packet_cipher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/crypto_fixture.h"

#define PADDING_SOURCE (255 + 16)

/* Both directions of one pair of algorithms. */
struct pair {
    struct packet_cipher *seal, *open;
    size_t block_size;
    bool aead, etm, none;
};

static void start(struct crypto *c, const struct cipher_info *cipher, const struct mac_info *mac,
                  struct pair *p)
{
    uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX], mac_key[MAC_KEY_MAX];
    struct test_random seed = {42};
    struct random_source random = test_random_source(&seed);
    random_fill(&random, key, sizeof key);
    random_fill(&random, iv, sizeof iv);
    random_fill(&random, mac_key, sizeof mac_key);
    memset(p, 0, sizeof *p);
    if (!cipher) {
        p->seal = p->open = packet_cipher_none();
        p->none = true;
        p->block_size = 8;
        return;
    }
    p->block_size = cipher->block_size;
    p->aead = cipher->aead;
    p->etm = mac && mac->etm;
    assert_int_equal(packet_cipher_new(&p->seal, c, true, cipher, mac, key, iv, mac_key), 0);
    assert_int_equal(packet_cipher_new(&p->open, c, false, cipher, mac, key, iv, mac_key), 0);
}

static void stop(struct pair *p)
{
    packet_cipher_free(p->seal);
    packet_cipher_free(p->open);
}

/* Runs a test for every pair of algorithms that can be negotiated, and for none. */
static void for_each_pair(struct crypto *c,
                          void (*test)(struct crypto *c, const struct cipher_info *cipher,
                                       const struct mac_info *mac))
{
    test(c, NULL, NULL);
    const struct cipher_info *cipher;
    for (size_t i = 0; (cipher = cipher_at(i)); i++) {
        const struct mac_info *mac;
        if (cipher->aead)
            test(c, cipher, NULL);
        for (size_t k = 0; !cipher->aead && (mac = mac_at(k)); k++)
            test(c, cipher, mac);
    }
}

static void *filled(size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 31 + (i >> 8));
    return data;
}

/* Opens what lies in exactly `size` bytes; the payload is copied to the caller's memory. */
static bool open_all(struct packet_cipher *pc, uint32_t sequence, uint8_t *data, size_t size,
                     struct slice *payload)
{
    uint32_t length;
    memset(payload, 0, sizeof *payload);
    if (size < packet_length_size(pc) || !packet_open_length(pc, sequence, data, &length))
        return false;
    if (length > size || 4 + (size_t)length + packet_tag_size(pc) != size)
        return false;
    return packet_open(pc, sequence, data, length, payload);
}

static void round_trip(struct pair *p, uint32_t sequence, size_t head_size, size_t body_size)
{
    uint8_t *plain = filled(head_size + body_size);
    uint8_t padding[PADDING_SOURCE];
    struct slice head = {plain, head_size}, body = {plain + head_size, body_size}, payload;
    size_t size = head_size + body_size + packet_overhead(p->seal, head_size + body_size);
    uint8_t *sealed = malloc(size);
    memset(padding, 0x5a, sizeof padding);
    assert_int_equal(packet_seal(p->seal, sequence, head, body, padding, sealed), size);

    size_t tag = packet_tag_size(p->seal);
    size_t counted = size - tag - (p->aead || p->etm ? 4 : 0);
    assert_int_equal(counted % p->block_size, 0);
    assert_true(packet_overhead(p->seal, head_size + body_size) >= 4 + 1 + 4 + tag);

    assert_true(open_all(p->open, sequence, sealed, size, &payload));
    assert_int_equal(payload.size, head_size + body_size);
    if (payload.size)
        assert_memory_equal(payload.data, plain, payload.size);
    free(sealed);
    free(plain);
}

static void sizes(struct crypto *c, const struct cipher_info *cipher, const struct mac_info *mac)
{
    static const size_t large[] = {511, 512, 513, 575, 576, 577, 1000, 32768, 32769, 35000, 262144};
    struct pair p;
    uint32_t sequence = UINT32_MAX - 100; /* wraps on the way */
    start(c, cipher, mac, &p);
    for (size_t size = 0; size <= 300; size++)
        round_trip(&p, sequence++, size, 0);
    for (size_t head = 0; head <= 70; head++)
        round_trip(&p, sequence++, head, 600 + head * 7);
    for (size_t i = 0; i < COUNT_OF(large); i++) {
        round_trip(&p, sequence++, large[i], 0);
        round_trip(&p, sequence++, 0, large[i]);
        round_trip(&p, sequence++, 22, large[i]);
    }
    stop(&p);
}

static void test_round_trips(void **state)
{
    for_each_pair(*state, sizes);
}

static void flips(struct crypto *c, const struct cipher_info *cipher, const struct mac_info *mac)
{
    uint8_t padding[PADDING_SOURCE] = {0}, sealed[300];
    struct slice head = slice_of("some payload"), none = {NULL, 0}, payload;
    struct pair p;
    if (!cipher)
        return;
    start(c, cipher, mac, &p);
    size_t size = packet_seal(p.seal, 7, head, none, padding, sealed);
    stop(&p);
    for (size_t bit = 0; bit < size * 8; bit++) {
        uint8_t *forged = mem_dup(sealed, size); /* of its exact size: the sanitizer watches */
        forged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        start(c, cipher, mac, &p);
        assert_false(open_all(p.open, 7, forged, size, &payload));
        assert_int_equal(payload.size, 0);
        stop(&p);
        free(forged);
    }
}

static void test_every_bit_counts(void **state)
{
    for_each_pair(*state, flips);
    assert_int_equal(ERR_peek_error(), 0);
}

/* A length field of the attacker's choice, with as many bytes as it says. */
static void lengths(struct crypto *c, const struct cipher_info *cipher, const struct mac_info *mac)
{
    struct pair p;
    struct slice payload;
    for (uint32_t length = 0; length < 70; length++) {
        start(c, cipher, mac, &p);
        size_t size = 4 + (size_t)length + packet_tag_size(p.open);
        if (size < packet_length_size(p.open))
            size = packet_length_size(p.open);
        uint8_t *data = mem_zalloc(size);
        uint32_t claimed;
        assert_true(packet_open_length(p.open, 0, data, &claimed));
        if (p.none && length > 0)
            data[4] = 255; /* more padding than there is */
        assert_false(packet_open(p.open, 0, data, length, &payload));
        stop(&p);
        free(data);
    }
    start(c, cipher, mac, &p);
    uint8_t few[16] = {0};
    assert_false(packet_open(p.open, 0, few, UINT32_MAX, &payload));
    assert_false(packet_open(p.open, 0, few, UINT32_MAX - 3, &payload));
    stop(&p);
}

static void test_lengths_without_sense(void **state)
{
    for_each_pair(*state, lengths);
}

static void orders(struct crypto *c, const struct cipher_info *cipher, const struct mac_info *mac)
{
    uint8_t padding[PADDING_SOURCE] = {0}, first[300], second[300], copy[300];
    struct slice head = slice_of("payload"), none = {NULL, 0}, payload;
    struct pair p;
    if (!cipher)
        return;
    start(c, cipher, mac, &p);
    size_t size = packet_seal(p.seal, 0, head, none, padding, first);
    assert_int_equal(packet_seal(p.seal, 1, head, none, padding, second), size);
    assert_memory_not_equal(first, second, size);
    memcpy(copy, first, size);
    assert_true(open_all(p.open, 0, copy, size, &payload));
    memcpy(copy, first, size); /* replayed */
    assert_false(open_all(p.open, 1, copy, size, &payload));
    stop(&p);

    start(c, cipher, mac, &p); /* one left out */
    assert_false(open_all(p.open, 0, second, size, &payload));
    stop(&p);

    start(c, cipher, mac, &p); /* truncated: the rest of the stream is missing */
    memcpy(copy, first, size);
    assert_false(open_all(p.open, 0, copy, size - 1, &payload));
    stop(&p);
}

static void test_order_counts(void **state)
{
    for_each_pair(*state, orders);
}

/* Padding that is there and authentic, but invalid. */
static void test_wrong_padding(void **state)
{
    (void)state;
    struct packet_cipher *none = packet_cipher_none();
    for (unsigned padding = 0; padding < 256; padding++) {
        uint8_t data[16] = {0, 0, 0, 12, (uint8_t)padding};
        uint32_t length;
        struct slice payload;
        assert_true(packet_open_length(none, 0, data, &length));
        bool ok = packet_open(none, 0, data, length, &payload);
        assert_int_equal(ok, padding >= 4 && padding <= 11);
        assert_int_equal(payload.size, ok ? 11 - padding : 0);
    }
}

static void test_none_is_as_rfc_4253_says(void **state)
{
    (void)state;
    uint8_t padding[PADDING_SOURCE], out[32];
    struct slice head = {(const uint8_t *)"\x15", 1}, body = {NULL, 0};
    memset(padding, 0xee, sizeof padding);
    size_t size = packet_seal(packet_cipher_none(), 0, head, body, padding, out);
    ASSERT_HEX(out, size, "0000000c 0a 15 eeeeeeeeeeeeeeeeeeee");
    packet_cipher_free(packet_cipher_none());
    packet_cipher_free(NULL);
}

static void seal_hex(struct crypto *c, const char *cipher_name, const char *mac_name,
                     uint32_t sequence, const char *expected)
{
    uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX], mac_key[MAC_KEY_MAX], out[128];
    uint8_t padding[PADDING_SOURCE];
    struct slice head = slice_of("vector"), body = slice_of(" of bytes");
    struct packet_cipher *pc;
    for (size_t i = 0; i < 64; i++)
        key[i] = (uint8_t)i, mac_key[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < sizeof iv; i++)
        iv[i] = (uint8_t)(0xf0 + i);
    for (size_t i = 0; i < sizeof padding; i++)
        padding[i] = (uint8_t)(0x30 + i);
    const struct cipher_info *cipher = cipher_find(slice_of(cipher_name));
    const struct mac_info *mac = mac_name ? mac_find(slice_of(mac_name)) : NULL;
    assert_int_equal(packet_cipher_new(&pc, c, true, cipher, mac, key, iv, mac_key), 0);
    size_t size = packet_seal(pc, sequence, head, body, padding, out);
    ASSERT_HEX(out, size, expected);
    packet_cipher_free(pc);
}

/* Made from the specifications by a program that shares no code with this one. */
static void test_vectors(void **state)
{
    seal_hex(*state, "chacha20-poly1305@openssh.com", NULL, 0x01020304,
             "bc7980639eb479d1af7e5489bb0b049ed1343f07311c26e4078c5be91f4729d0"
             "684a8867d1e064147051f6ee");
    seal_hex(*state, "aes128-gcm@openssh.com", NULL, 0x01020304,
             "00000020016c83104eb717545c9a1fd2ae74c80475be1107dffec17ae088ef70"
             "588c269d83a347f2e322f1438f9d4583bbd041d2");
    seal_hex(*state, "aes256-gcm@openssh.com", NULL, 0x01020304,
             "00000020797026630855a054f091d7f8f73e07c520d06bf10c3279af6e6f099b"
             "650eec385071ecb6f62739f2fc587e433b24c410");
    seal_hex(*state, "aes128-ctr", "hmac-sha2-256", 0x01020304,
             "66a7c7f43824542be33eac275c708dcfcbf5b27387af0e9e9098458c56a525d1"
             "7d1332aa53d501e00921c58005d659268e6d1e7e1484a5f2df79405cf467e72b");
    seal_hex(*state, "aes128-ctr", "hmac-sha2-256-etm@openssh.com", 0x01020304,
             "0000002076d1a28b403d4368f837fe654a62c8de82b0e53383ab0a9a9c944980"
             "52a121d5edf44455a3686816e438aedaa7f218b9f8d2e0494d0710c029c9d587"
             "9cc85ecd");
    seal_hex(*state, "aes128-ctr", "hmac-sha2-512", 0x01020304,
             "66a7c7f43824542be33eac275c708dcfcbf5b27387af0e9e9098458c56a525d1"
             "51f23f27a76650ed278ad71f1e89408cd1e4e51b4b2e316944c9cb04de523cf4"
             "45fcbe3e5f29bffe9404a92d4d0a9a8487bf42774fbf4edca22b831f6bf1beae");
    seal_hex(*state, "aes128-ctr", "hmac-sha2-512-etm@openssh.com", 0x01020304,
             "0000002076d1a28b403d4368f837fe654a62c8de82b0e53383ab0a9a9c944980"
             "52a121d583ddaa8186bcc6a82466f48a25d80ac7c7f7ab95856ecac7a5b84e8f"
             "79f31fbbc3e59ff67d9f5198762613bd31a7d981fbd2a34cf7ae40b87a70e5ba"
             "c81ddc86");
    seal_hex(*state, "aes128-ctr", "hmac-sha1", 0x01020304,
             "66a7c7f43824542be33eac275c708dcfcbf5b27387af0e9e9098458c56a525d1"
             "ef778e17607a04353cf209c61cc147a17fa8973a");
    seal_hex(*state, "aes128-ctr", "hmac-sha1-etm@openssh.com", 0x01020304,
             "0000002076d1a28b403d4368f837fe654a62c8de82b0e53383ab0a9a9c944980"
             "52a121d5dc3fdb08de394a2ab9dbe262fa379f68dfaf9835");
    seal_hex(*state, "aes192-ctr", "hmac-sha2-256", 0x01020304,
             "2b82484e58840cf3c7b644229f838891a27c4ef0f9a5c502b35abef313f8933f"
             "7d1332aa53d501e00921c58005d659268e6d1e7e1484a5f2df79405cf467e72b");
    seal_hex(*state, "aes192-ctr", "hmac-sha2-256-etm@openssh.com", 0x01020304,
             "000000203bf42d31209d1bb0dcbf16608991cd80eb3919b0fda1c106bf56b2ff"
             "17fc973b39adc9ad7a5243c61142bd06e3795875bd65d7eaf1ad4d28d4b21919"
             "af950377");
    seal_hex(*state, "aes192-ctr", "hmac-sha2-512", 0x01020304,
             "2b82484e58840cf3c7b644229f838891a27c4ef0f9a5c502b35abef313f8933f"
             "51f23f27a76650ed278ad71f1e89408cd1e4e51b4b2e316944c9cb04de523cf4"
             "45fcbe3e5f29bffe9404a92d4d0a9a8487bf42774fbf4edca22b831f6bf1beae");
    seal_hex(*state, "aes192-ctr", "hmac-sha2-512-etm@openssh.com", 0x01020304,
             "000000203bf42d31209d1bb0dcbf16608991cd80eb3919b0fda1c106bf56b2ff"
             "17fc973bd10f01614fd2cf85f4d20e52e88969f8ae457dbf41b8826f2c7e2dc4"
             "12a04cdd81d0a70be0f04cfd8adaf804cb37054f04d2f1844783232f40630de6"
             "787139b4");
    seal_hex(*state, "aes192-ctr", "hmac-sha1", 0x01020304,
             "2b82484e58840cf3c7b644229f838891a27c4ef0f9a5c502b35abef313f8933f"
             "ef778e17607a04353cf209c61cc147a17fa8973a");
    seal_hex(*state, "aes192-ctr", "hmac-sha1-etm@openssh.com", 0x01020304,
             "000000203bf42d31209d1bb0dcbf16608991cd80eb3919b0fda1c106bf56b2ff"
             "17fc973b732727fc486aa77d14f9c6a0f08fc5fa981bb0f7");
    seal_hex(*state, "aes256-ctr", "hmac-sha2-256", 0x01020304,
             "9200cd912fe0e5a82e0694742f544376b32b1e33c11b06f25a926316724ebcb5"
             "7d1332aa53d501e00921c58005d659268e6d1e7e1484a5f2df79405cf467e72b");
    seal_hex(*state, "aes256-ctr", "hmac-sha2-256-etm@openssh.com", 0x01020304,
             "000000208276a8ee57f9f2eb350fc63639460667fa6e4973c51f02f6569e6f1a"
             "764ab8b1d142a2a2bd9e5b99e7ff89e03c55ef53f82c1b9944469e6cd15b4afc"
             "add155c2");
    seal_hex(*state, "aes256-ctr", "hmac-sha2-512", 0x01020304,
             "9200cd912fe0e5a82e0694742f544376b32b1e33c11b06f25a926316724ebcb5"
             "51f23f27a76650ed278ad71f1e89408cd1e4e51b4b2e316944c9cb04de523cf4"
             "45fcbe3e5f29bffe9404a92d4d0a9a8487bf42774fbf4edca22b831f6bf1beae");
    seal_hex(*state, "aes256-ctr", "hmac-sha2-512-etm@openssh.com", 0x01020304,
             "000000208276a8ee57f9f2eb350fc63639460667fa6e4973c51f02f6569e6f1a"
             "764ab8b1a5680898b0738831a8134c0a067c0d2d8d6ae0c23b0aa2aab4d3508c"
             "176deffe0d867c13dd8e2b34df4b2d264f2cc0a8b9471371e2329f14d031bb2f"
             "3cd4d0f6");
    seal_hex(*state, "aes256-ctr", "hmac-sha1", 0x01020304,
             "9200cd912fe0e5a82e0694742f544376b32b1e33c11b06f25a926316724ebcb5"
             "ef778e17607a04353cf209c61cc147a17fa8973a");
    seal_hex(*state, "aes256-ctr", "hmac-sha1-etm@openssh.com", 0x01020304,
             "000000208276a8ee57f9f2eb350fc63639460667fa6e4973c51f02f6569e6f1a"
             "764ab8b13505eaf18dbe19fa5b892590c069a521de1e9c56");
}

static void test_gcm_counter_carries(void **state)
{
    /* The counter part is all ones: the next one is zero, and the fixed part stays (RFC 5647
     * section 7.1). */
    uint8_t key[32] = {1}, iv[12], padding[PADDING_SOURCE] = {0}, first[64], second[64];
    struct slice head = slice_of("x"), none = {NULL, 0};
    struct packet_cipher *pc;
    const struct cipher_info *cipher = cipher_find(slice_of("aes256-gcm@openssh.com"));
    memset(iv, 0xff, sizeof iv);
    assert_int_equal(packet_cipher_new(&pc, *state, true, cipher, NULL, key, iv, NULL), 0);
    packet_seal(pc, 0, head, none, padding, first);
    size_t size = packet_seal(pc, 1, head, none, padding, first);
    packet_cipher_free(pc);
    memset(iv + 4, 0, 8);
    assert_int_equal(packet_cipher_new(&pc, *state, true, cipher, NULL, key, iv, NULL), 0);
    assert_int_equal(packet_seal(pc, 0, head, none, padding, second), size);
    assert_memory_equal(first, second, size);
    packet_cipher_free(pc);
}

static void test_tables(void **state)
{
    (void)state;
    static const char *const order[] = {
        "chacha20-poly1305@openssh.com",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
    };
    size_t i;
    for (i = 0; cipher_at(i); i++) {
        assert_string_equal(cipher_at(i)->name, order[i]);
        assert_ptr_equal(cipher_find(slice_of(order[i])), cipher_at(i));
        assert_true(cipher_at(i)->key_size <= CIPHER_KEY_MAX);
        assert_true(cipher_at(i)->iv_size <= CIPHER_IV_MAX);
        assert_true(cipher_at(i)->block_size >= 8);
        assert_true(cipher_at(i)->in_default);
        /* CVE-2023-48795 names chacha20-poly1305 and encrypt-then-MAC. */
        assert_int_equal(cipher_at(i)->needs_strict_kex,
                         strstr(cipher_at(i)->name, "chacha20") != NULL);
    }
    assert_int_equal(i, COUNT_OF(order));
    for (i = 0; mac_at(i); i++) {
        assert_ptr_equal(mac_find(slice_of(mac_at(i)->name)), mac_at(i));
        assert_true(mac_at(i)->key_size <= MAC_KEY_MAX && mac_at(i)->tag_size <= PACKET_TAG_MAX);
        assert_int_equal(mac_at(i)->in_default, strstr(mac_at(i)->name, "sha1") == NULL);
        assert_int_equal(mac_at(i)->etm, strstr(mac_at(i)->name, "-etm@") != NULL);
        assert_int_equal(mac_at(i)->needs_strict_kex, mac_at(i)->etm);
    }
    assert_null(cipher_find(slice_of("aes128-cbc")));
    assert_null(cipher_find(slice_of("")));
    assert_null(mac_find(slice_of("hmac-md5")));
}

static void test_mismatch_is_refused(void **state)
{
    uint8_t key[64] = {0};
    struct packet_cipher *pc;
    assert_int_equal(packet_cipher_new(&pc, *state, true, cipher_find(slice_of("aes128-ctr")), NULL,
                                       key, key, NULL),
                     SALLY_E_INVALID);
    assert_null(pc);
    assert_int_equal(packet_cipher_new(&pc, *state, true,
                                       cipher_find(slice_of("aes128-gcm@openssh.com")), mac_at(0),
                                       key, key, key),
                     SALLY_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_lengths_without_sense),
        cmocka_unit_test(test_order_counts),
        cmocka_unit_test(test_wrong_padding),
        cmocka_unit_test(test_none_is_as_rfc_4253_says),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_gcm_counter_carries),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_mismatch_is_refused),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
