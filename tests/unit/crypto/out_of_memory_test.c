/* Every allocation fails once, the library's own too: nothing crashes, nothing leaks, and what was
 * there before still works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/kex_method.h"
#include "crypto/key_fixture.h"
#include "crypto/library_memory.h"
#include "crypto/packet_cipher.h"
#include "crypto/private_key.h"

#define TRIES_MAX 20000

struct scene {
    struct crypto *crypto;
    sally_key *key, *unbound;
    struct buf text, signature;
    const struct cipher_info *cipher;
    const struct kex_method *method;
};

/* Runs `act` with the first, second, ... allocation failing, until it needs no more of them. `act`
 * returns whether it succeeded, and frees what it made. */
static void fail_everywhere(bool (*act)(struct scene *), struct scene *s)
{
    bool struck = true;
    assert_true(act(s)); /* what is made once is made */
    for (unsigned n = 1; struck && n < TRIES_MAX; n++) {
        alloc_fail_at(n);
        bool ok = act(s);
        struck = alloc_failed();
        assert_true(ok || struck);
    }
    assert_false(struck);
    assert_true(act(s));
}

static bool make_hash(struct scene *s)
{
    uint8_t out[HASH_MAX_SIZE], once[HASH_MAX_SIZE];
    struct hash *h = hash_new(s->crypto, HASH_SHA256);
    if (!h)
        return false;
    hash_update(h, "abc", 3);
    bool ok = hash_final(h, out) && hash_once(s->crypto, HASH_SHA256, "abc", 3, once);
    if (ok)
        assert_memory_equal(out, once, 32);
    hash_free(h);
    return ok;
}

static bool make_cipher(struct scene *s)
{
    static const uint8_t key[64], padding[255 + 16];
    uint8_t out[256];
    struct packet_cipher *seal, *open;
    struct slice payload, none = {NULL, 0};
    uint32_t length;
    const struct mac_info *mac = s->cipher->aead ? NULL : mac_at(0);
    if (packet_cipher_new(&seal, s->crypto, true, s->cipher, mac, key, key, key))
        return false;
    bool ok = false;
    if (packet_cipher_new(&open, s->crypto, false, s->cipher, mac, key, key, key) == 0) {
        ok = packet_seal(seal, 0, slice_of("abc"), none, padding, out) > 0 &&
             packet_open_length(open, 0, out, &length) &&
             packet_open(open, 0, out, length, &payload);
        if (ok)
            assert_true(slice_is(payload, "abc"));
        packet_cipher_free(open);
    }
    packet_cipher_free(seal);
    return ok;
}

static bool exchange(struct scene *s)
{
    struct test_random seed = {1};
    struct random_source random = test_random_source(&seed);
    const struct kex_group *group = kex_group_find(s->crypto, 2048, 2048, 2048);
    struct kex_ephemeral *e;
    struct buf client, server, client_secret, server_secret;
    buf_init(&client, 1000);
    buf_init(&server, 1000);
    buf_init_secret(&client_secret, 1000);
    buf_init_secret(&server_secret, 1000);
    bool ok = kex_begin(s->crypto, s->method, group, &random, &e, &client) == 0 &&
              kex_respond(s->crypto, s->method, group, &random, buf_slice(&client), &server,
                          &server_secret) == 0 &&
              kex_finish(e, buf_slice(&server), &client_secret) == 0;
    if (ok)
        assert_true(slice_equal(buf_slice(&client_secret), buf_slice(&server_secret)));
    kex_ephemeral_free(e);
    buf_clear(&client);
    buf_clear(&server);
    buf_clear(&client_secret);
    buf_clear(&server_secret);
    return ok;
}

static bool sign(struct scene *s)
{
    struct buf signature;
    buf_init(&signature, 4096);
    sally_error error = key_sign(s->key, algorithm_of(s->key), slice_of("data"), &signature);
    assert_true(error == 0 || signature.size == 0);
    buf_clear(&signature);
    return error == 0;
}

static bool bind(struct scene *s)
{
    sally_key *bound;
    sally_error error = key_bind(&bound, s->unbound, s->crypto);
    assert_int_equal(error == 0, bound != NULL);
    sally_key_unref(bound);
    return error == 0;
}

static bool verify(struct scene *s)
{
    struct public_key *public;
    char fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
    if (public_key_parse(&public, s->crypto, key_blob(s->key)))
        return false;
    bool ok = public_key_verify(public, algorithm_of(s->key), buf_slice(&s->signature),
                                slice_of("data")) &&
              public_key_fingerprint(s->crypto, key_blob(s->key), fingerprint);
    public_key_free(public);
    return ok;
}

static bool build(struct scene *s)
{
    struct buf text;
    buf_init_secret(&text, 100000);
    bool ok = openssh_key_build(s->key, "comment", &text) == 0;
    buf_clear(&text);
    return ok;
}

static bool parse(struct scene *s)
{
    sally_key *key;
    sally_error error = sally_key_parse(&key, buf_head(&s->text), s->text.size, NULL);
    assert_int_equal(error == 0, key != NULL);
    sally_key_unref(key);
    return error == 0;
}

static void test_hashes_and_ciphers(void **state)
{
    struct scene s = {.crypto = *state};
    fail_everywhere(make_hash, &s);
    for (size_t i = 0; (s.cipher = cipher_at(i)); i++)
        fail_everywhere(make_cipher, &s);
}

static void test_key_exchange(void **state)
{
    static const char *const names[] = {"curve25519-sha256", "ecdh-sha2-nistp256"};
    struct scene s = {.crypto = *state};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        s.method = kex_method_find(slice_of(names[i]));
        fail_everywhere(exchange, &s);
    }
}

static void test_keys(void **state)
{
    static const char *const types[] = {"ed25519", "ecdsa-nistp256", "rsa"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct scene s = {.crypto = *state, .key = bound_key(*state, types[i])};
        buf_init(&s.text, 100000);
        buf_init(&s.signature, 4096);
        assert_int_equal(openssh_key_build(s.key, "comment", &s.text), 0);
        assert_int_equal(key_sign(s.key, algorithm_of(s.key), slice_of("data"), &s.signature), 0);
        if (i < 2) /* RSA's takes too long for as many rounds */
            fail_everywhere(sign, &s);
        fail_everywhere(verify, &s);
        fail_everywhere(build, &s);
        buf_clear(&s.text);
        buf_clear(&s.signature);
        sally_key_unref(s.key);
    }
}

static void test_parse(void **state)
{
    struct scene s = {.crypto = *state, .key = generated_key("ed25519")};
    buf_init(&s.text, 100000);
    assert_int_equal(openssh_key_build(s.key, "comment", &s.text), 0);
    s.unbound = s.key;
    fail_everywhere(bind, &s);
    alloc_failure_spare_library(true);
    fail_everywhere(parse, &s);
    alloc_failure_spare_library(false);
    buf_clear(&s.text);
    sally_key_unref(s.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_and_ciphers),
        cmocka_unit_test(test_key_exchange),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_parse),
    };
    if (!alloc_failure_covers_library())
        return 1;
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
