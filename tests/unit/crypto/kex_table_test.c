#include "crypto/kex_method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/crypto_fixture.h"

#define VALUE_MAX 4096

/* What GEX is given in these tests; the size keeps them quick. */
static const struct kex_group *group_for(const struct crypto *c, const struct kex_method *m)
{
    return m->family == KEX_GEX ? kex_group_find(c, 2048, 2048, 8192) : NULL;
}

struct exchange {
    struct kex_ephemeral *client;
    struct buf client_public, server_public, client_secret, server_secret;
};

static void exchange_init(struct exchange *x)
{
    memset(x, 0, sizeof *x);
    buf_init(&x->client_public, VALUE_MAX);
    buf_init(&x->server_public, VALUE_MAX);
    buf_init_secret(&x->client_secret, VALUE_MAX);
    buf_init_secret(&x->server_secret, VALUE_MAX);
}

static void exchange_clear(struct exchange *x)
{
    kex_ephemeral_free(x->client);
    buf_clear(&x->client_public);
    buf_clear(&x->server_public);
    buf_clear(&x->client_secret);
    buf_clear(&x->server_secret);
}

static void run(struct crypto *c, const struct kex_method *m, uint64_t seed, struct exchange *x)
{
    struct test_random client_seed = {seed}, server_seed = {seed + 1000000};
    struct random_source client_random = test_random_source(&client_seed);
    struct random_source server_random = test_random_source(&server_seed);
    exchange_init(x);
    assert_int_equal(
        kex_begin(c, m, group_for(c, m), &client_random, &x->client, &x->client_public), 0);
    assert_int_equal(kex_respond(c, m, group_for(c, m), &server_random,
                                 buf_slice(&x->client_public), &x->server_public,
                                 &x->server_secret),
                     0);
    assert_int_equal(kex_finish(x->client, buf_slice(&x->server_public), &x->client_secret), 0);
}

static void test_halves_agree(void **state)
{
    const struct kex_method *m;
    for (size_t i = 0; (m = kex_method_at(i)); i++) {
        for (uint64_t seed = 1; seed <= (m->family == KEX_ECDH ? 20 : 1); seed++) {
            struct exchange x;
            run(*state, m, seed, &x);
            assert_true(x.client_secret.size > 0);
            assert_true(slice_equal(buf_slice(&x.client_secret), buf_slice(&x.server_secret)));
            assert_false(slice_equal(buf_slice(&x.client_public), buf_slice(&x.server_public)));
            exchange_clear(&x);
        }
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_replay_is_bit_for_bit(void **state)
{
    const struct kex_method *m;
    for (size_t i = 0; (m = kex_method_at(i)); i++) {
        struct exchange a, b;
        if (m->family != KEX_ECDH && strcmp(m->name, "diffie-hellman-group14-sha256") != 0)
            continue;
        run(*state, m, 7, &a);
        run(*state, m, 7, &b);
        assert_true(slice_equal(buf_slice(&a.client_public), buf_slice(&b.client_public)));
        assert_true(slice_equal(buf_slice(&a.server_public), buf_slice(&b.server_public)));
        assert_true(slice_equal(buf_slice(&a.server_secret), buf_slice(&b.server_secret)));
        exchange_clear(&a);
        exchange_clear(&b);
    }
}

/* Gives bytes from hexadecimal text, and no more than there are. */
struct given {
    uint8_t bytes[128];
    size_t size;
};

static bool fill_given(void *user_data, uint8_t *out, size_t size)
{
    struct given *g = user_data;
    if (size > g->size)
        return false;
    memcpy(out, g->bytes, size);
    return true;
}

static void check_vector(struct crypto *c, const char *name, const char *secret_key,
                         const char *public_key, const char *peer, const char *shared)
{
    struct given given;
    uint8_t peer_bytes[200];
    struct slice peer_slice = {peer_bytes, from_hex(peer, peer_bytes, sizeof peer_bytes)};
    struct random_source random = {fill_given, &given};
    struct buf ours, secret;
    given.size = from_hex(secret_key, given.bytes, sizeof given.bytes);
    buf_init(&ours, VALUE_MAX);
    buf_init_secret(&secret, VALUE_MAX);
    assert_int_equal(
        kex_respond(c, kex_method_find(slice_of(name)), NULL, &random, peer_slice, &ours, &secret),
        0);
    ASSERT_HEX(buf_head(&ours), ours.size, public_key);
    ASSERT_HEX(buf_head(&secret), secret.size, shared);
    buf_clear(&ours);
    buf_clear(&secret);
}

/* RFC 7748 section 6.1 and RFC 5903 section 8.1; the others come from programs that share no code
 * with this one. */
static void test_known_answers(void **state)
{
    check_vector(*state, "curve25519-sha256",
                 "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                 "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
                 "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
                 "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    check_vector(*state, "curve25519-sha256@libssh.org",
                 "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                 "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
                 "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
                 "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    check_vector(*state, "ecdh-sha2-nistp256",
                 "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
                 "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811"
                 "805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990b"
                 "b3",
                 "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf"
                 "6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872"
                 "ab",
                 "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    check_vector(*state, "ecdh-sha2-nistp384",
                 "002051ff7a91bcc6245fe7c3c4bdfcb0538553f73c54100c686a6fc0279354d1"
                 "2ecb4b7589a60a516c4fabadbeb622f3",
                 "042c4cbfd5b0dfa93b7ab38b4d79070d53b4c8165480d516968a7fa53227ad1a"
                 "bca7b9f18cbc39af7a804bcd845a9c0aa539d90f82af5a3f7a2d41bd6d4ad598"
                 "9d35f0bde7aa0ea334c8295b9aeff3554e2a16a135eaf29c1e286a5b275977ba"
                 "0f",
                 "04cc2be39e898a07294edc4e6cb418a3feee46927245e25a2891bbb4afd701ff"
                 "5baa1ad2ac5c25d98bd262969fd814942d353036ca3c0a8354398140845cf0c5"
                 "eccf863a6a10eba04ed845908fe5abb523038a6ea8f45cb785fd2f202e89add5"
                 "12",
                 "37c39975908b2fdc6794dad7cad85b24aff72331620ad7979de89a27027c0c9e"
                 "b19a37b7b70909e2d9b52a9b4f685a86");
    check_vector(*state, "ecdh-sha2-nistp521",
                 "0000f171ffb1314152cc2b270ff19eb1c73e343422339be6e41bcc1119143961"
                 "6f6186ae2579278ee1f56dd1639307f4dcc5fd0ff8530b139575b30edc5e2f04"
                 "14a8",
                 "04010544f09cc331b337fd4f3ecaac8e2dc308c7216f66894ef115f49dd8cec3"
                 "17f13d297e3caa99316428b2ce02674bafcd5a97c061b1624aef46da7958083d"
                 "17ed03019abb380605997536859220d00584c80b2d1fe2ba1eb537630ad6b5f7"
                 "3cbf69fcb331c65d32b022ff61a127c9daf6c5499763d7aa42644e449d0e2e19"
                 "62c7c04b67",
                 "04008d0e4ce8dee269eb336e05aa4eef9615ac1b70f8bf54d418978218d3ec2b"
                 "0e1a5a3da102a9a039d5770f47b2545efd4ee9ece457ff8186c24d692f20c1f6"
                 "17d3e401ec7562df49b2ddb63800bc82857b57255e43a7fb1ef5bf96bbb19427"
                 "a425fd9a05322129bbd15100a58f62298a668401ea9b05ef4da811970e0db62f"
                 "9823d19d71",
                 "0098fdad0033d4aa8eeab09d8cc5e629c7226bf644fe27aa8d5d032c1645368a"
                 "569b0822bfe7f77760611c001161e0a4d5189d3d69f4bb74107c3a3528699a1c"
                 "c71c");
}

static void respond_refused(struct crypto *c, const char *name, struct slice peer)
{
    const struct kex_method *m = kex_method_find(slice_of(name));
    struct test_random seed = {3};
    struct random_source random = test_random_source(&seed);
    struct buf ours, secret;
    buf_init(&ours, VALUE_MAX);
    buf_init_secret(&secret, VALUE_MAX);
    assert_int_equal(kex_respond(c, m, group_for(c, m), &random, peer, &ours, &secret),
                     SALLY_E_PROTOCOL);
    assert_int_equal(ours.size, 0);
    assert_int_equal(secret.size, 0);
    buf_clear(&ours);
    buf_clear(&secret);
    /* And what a client is answered. */
    struct kex_ephemeral *e;
    assert_int_equal(kex_begin(c, m, group_for(c, m), &random, &e, &ours), 0);
    assert_int_equal(kex_finish(e, peer, &secret), SALLY_E_PROTOCOL);
    assert_int_equal(secret.size, 0);
    kex_ephemeral_free(e);
    buf_clear(&ours);
    buf_clear(&secret);
}

static void refused_hex(struct crypto *c, const char *name, const char *hex)
{
    uint8_t bytes[200];
    struct slice peer = {bytes, from_hex(hex, bytes, sizeof bytes)};
    respond_refused(c, name, peer);
}

/* Points of small order (RFC 7748 section 7), and wrong sizes. */
static void test_bad_x25519_peers(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "",
        "09",
        "09000000000000000000000000000000000000000000000000000000000000",
        "090000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        refused_hex(*state, "curve25519-sha256", bad[i]);
}

static void test_bad_ecdh_peers(void **state)
{
    static const char *const methods[] = {"ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
                                          "ecdh-sha2-nistp521"};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct exchange x;
        uint8_t point[200];
        run(*state, kex_method_find(slice_of(methods[i])), 5, &x);
        size_t size = x.server_public.size;
        struct slice peer = {point, size};
        memcpy(point, buf_head(&x.server_public), size);
        exchange_clear(&x);

        point[size - 1] ^= 1; /* off the curve */
        respond_refused(*state, methods[i], peer);
        point[size - 1] ^= 1;
        peer.size = size - 1;
        respond_refused(*state, methods[i], peer);
        peer.size = size + 1;
        respond_refused(*state, methods[i], peer);
        peer.size = 0;
        respond_refused(*state, methods[i], peer);
        peer.size = 1; /* infinity */
        point[0] = 0;
        respond_refused(*state, methods[i], peer);
        peer.size = size;
        respond_refused(*state, methods[i], peer);
        point[0] = 2 + (point[size - 1] & 1); /* compressed */
        peer.size = 1 + (size - 1) / 2;
        respond_refused(*state, methods[i], peer);
        point[0] = 6 + (point[size - 1] & 1); /* hybrid */
        peer.size = size;
        respond_refused(*state, methods[i], peer);
        point[0] = 4;
        memset(point + 1, 0, size - 1);
        respond_refused(*state, methods[i], peer);
        memset(point + 1, 0xff, size - 1);
        respond_refused(*state, methods[i], peer);
    }
}

static void test_bad_dh_peers(void **state)
{
    static const char *const methods[] = {"diffie-hellman-group14-sha256",
                                          "diffie-hellman-group-exchange-sha256"};
    const struct kex_group *group = kex_group_find(*state, 2048, 2048, 2048);
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        uint8_t value[400] = {0};
        struct slice peer = {value, 0};
        respond_refused(*state, methods[i], peer); /* 0 */
        peer.size = 1;
        respond_refused(*state, methods[i], peer);
        value[0] = 1;
        respond_refused(*state, methods[i], peer);
        peer.size = group->p_size;
        memcpy(value, group->p, group->p_size);
        respond_refused(*state, methods[i], peer); /* p */
        value[group->p_size - 1]--;
        respond_refused(*state, methods[i], peer); /* p - 1 */
        memset(value, 0xff, sizeof value);
        respond_refused(*state, methods[i], peer);
        peer.size = sizeof value;
        respond_refused(*state, methods[i], peer);
    }
}

static void test_dh_of_a_small_peer(void **state)
{
    /* 2 and p - 2 are the first and the last good ones, with and without a sign byte. */
    const struct kex_method *m = kex_method_find(slice_of("diffie-hellman-group14-sha256"));
    const struct kex_group *group = kex_group_find(*state, 2048, 2048, 2048);
    struct test_random seed = {3};
    struct random_source random = test_random_source(&seed);
    uint8_t value[257] = {0};
    struct slice peers[] = {{(const uint8_t *)"\2", 1}, {(const uint8_t *)"\0\2", 2}, {value, 257}};
    memcpy(value + 1, group->p, group->p_size);
    value[256] -= 2;
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        struct buf ours, secret;
        buf_init(&ours, VALUE_MAX);
        buf_init_secret(&secret, VALUE_MAX);
        assert_int_equal(kex_respond(*state, m, NULL, &random, peers[i], &ours, &secret), 0);
        assert_int_equal(ours.size, 256);
        assert_int_equal(secret.size, 256);
        buf_clear(&ours);
        buf_clear(&secret);
    }
}

static bool no_random(void *user_data, uint8_t *out, size_t size)
{
    (void)user_data, (void)out, (void)size;
    return false;
}

static void test_bad_randomness(void **state)
{
    uint8_t zero = 0, ones = 0xff;
    struct random_source none = {no_random, NULL};
    struct random_source zeros = constant_random_source(&zero);
    struct random_source all = constant_random_source(&ones);
    struct kex_ephemeral *e;
    struct buf ours;
    const struct kex_method *m;
    buf_init(&ours, VALUE_MAX);
    for (size_t i = 0; (m = kex_method_at(i)); i++) {
        assert_int_equal(kex_begin(*state, m, group_for(*state, m), &none, &e, &ours),
                         SALLY_E_CRYPTO);
        assert_null(e);
        assert_int_equal(ours.size, 0);
    }
    m = kex_method_find(slice_of("ecdh-sha2-nistp521")); /* no scalar: it does not search forever */
    assert_int_equal(kex_begin(*state, m, NULL, &zeros, &e, &ours), SALLY_E_CRYPTO);
    assert_int_equal(kex_begin(*state, m, NULL, &all, &e, &ours), SALLY_E_CRYPTO);
    buf_clear(&ours);
}

static void test_no_room(void **state)
{
    struct test_random seed = {3};
    struct random_source random = test_random_source(&seed);
    struct kex_ephemeral *e;
    const struct kex_method *m;
    for (size_t i = 0; (m = kex_method_at(i)); i++) {
        struct buf ours;
        buf_init(&ours, 31);
        assert_int_not_equal(kex_begin(*state, m, group_for(*state, m), &random, &e, &ours), 0);
        assert_null(e);
        buf_clear(&ours);
    }
    kex_ephemeral_free(NULL);
}

/* By digests of the primes, which were made by the formulas of sections 3 to 7. */
static void test_groups_are_those_of_rfc_3526(void **state)
{
    static const struct {
        uint32_t bits;
        const char *sha256;
    } known[] = {
        {2048, "d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e"},
        {3072, "48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c"},
        {4096, "4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33"},
        {6144, "d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd"},
        {8192, "39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf"},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        uint8_t digest[HASH_MAX_SIZE];
        char hex[65];
        const struct kex_group *group =
            kex_group_find(*state, known[i].bits, known[i].bits, known[i].bits);
        assert_non_null(group);
        assert_int_equal(group->bits, known[i].bits);
        assert_int_equal(group->generator, 2);
        assert_int_equal(group->p_size, known[i].bits / 8);
        assert_true(hash_once(*state, HASH_SHA256, group->p, group->p_size, digest));
        for (size_t k = 0; k < 32; k++)
            snprintf(hex + 2 * k, 3, "%02x", digest[k]);
        assert_string_equal(hex, known[i].sha256);
    }
}

static uint32_t found(void **state, uint32_t min, uint32_t wanted, uint32_t max)
{
    const struct kex_group *group = kex_group_find(*state, min, wanted, max);
    return group ? group->bits : 0;
}

static void test_group_choice(void **state)
{
    assert_int_equal(found(state, 1024, 1024, 8192), 2048);
    assert_int_equal(found(state, 2048, 2048, 8192), 2048);
    assert_int_equal(found(state, 2048, 2049, 8192), 3072);
    assert_int_equal(found(state, 2048, 8192, 8192), 8192);
    assert_int_equal(found(state, 2048, 8192, 16384), 8192);
    assert_int_equal(found(state, 1024, 16384, 16384), 8192);
    assert_int_equal(found(state, 2048, 4096, 4095), 0);
    assert_int_equal(found(state, 2048, 4095, 4095), 3072);
    assert_int_equal(found(state, 1024, 2000, 2047), 0);
    assert_int_equal(found(state, 8193, 8193, 16384), 0);
    assert_int_equal(found(state, 4096, 2048, 8192), 0);
    assert_int_equal(found(state, 0, 0, 0), 0);
    assert_int_equal(found(state, 0, 0, UINT32_MAX), 2048);
}

/* What a client is offered. */
static void test_bad_groups(void **state)
{
    const struct kex_method *m = kex_method_find(slice_of("diffie-hellman-group-exchange-sha256"));
    const struct kex_group *good = kex_group_find(*state, 2048, 2048, 2048);
    struct kex_ephemeral *e;
    struct test_random seed = {3};
    struct random_source random = test_random_source(&seed);
    struct buf ours;
    uint8_t p[256];
    buf_init(&ours, VALUE_MAX);
    assert_int_equal(kex_begin(*state, m, NULL, &random, &e, &ours), SALLY_E_INVALID);
    struct kex_group bad = *good;
    bad.generator = 1;
    assert_int_equal(kex_begin(*state, m, &bad, &random, &e, &ours), SALLY_E_PROTOCOL);
    bad = *good;
    bad.bits = 2047;
    assert_int_equal(kex_begin(*state, m, &bad, &random, &e, &ours), SALLY_E_PROTOCOL);
    memcpy(p, good->p, sizeof p);
    bad = *good;
    bad.p = p;
    p[255] ^= 1; /* even */
    assert_int_equal(kex_begin(*state, m, &bad, &random, &e, &ours), SALLY_E_PROTOCOL);
    p[255] ^= 1;
    p[0] = 0; /* shorter than it says */
    assert_int_equal(kex_begin(*state, m, &bad, &random, &e, &ours), SALLY_E_PROTOCOL);
    buf_clear(&ours);
}

static void test_table(void **state)
{
    (void)state;
    static const char *const defaults[] = {
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
    };
    const struct kex_method *m;
    size_t offered = 0;
    for (size_t i = 0; (m = kex_method_at(i)); i++) {
        assert_ptr_equal(kex_method_find(slice_of(m->name)), m);
        if (m->hash == HASH_SHA1)
            assert_false(m->in_default);
    }
    for (size_t i = 0; i < COUNT_OF(defaults); i++) {
        m = kex_method_find(slice_of(defaults[i]));
        assert_non_null(m);
        assert_true(m->in_default);
        offered++;
    }
    assert_true(offered > 0);
    assert_null(kex_method_find(slice_of("diffie-hellman-group1-sha1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_halves_agree),
        cmocka_unit_test(test_replay_is_bit_for_bit),
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_bad_x25519_peers),
        cmocka_unit_test(test_bad_ecdh_peers),
        cmocka_unit_test(test_bad_dh_peers),
        cmocka_unit_test(test_dh_of_a_small_peer),
        cmocka_unit_test(test_bad_randomness),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_groups_are_those_of_rfc_3526),
        cmocka_unit_test(test_group_choice),
        cmocka_unit_test(test_bad_groups),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
