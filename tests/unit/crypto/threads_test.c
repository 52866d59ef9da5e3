/* One context and one key, used by several threads at once; the thread sanitizer watches. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/kex_method.h"
#include "crypto/key_fixture.h"
#include "crypto/packet_cipher.h"

#define THREADS 4
#define ROUNDS  20

struct work {
    struct crypto *crypto;
    sally_key *key;
    bool ok;
};

static bool one_round(const struct work *w)
{
    static const uint8_t bytes[64];
    const struct kex_method *m = kex_method_at(0);
    struct random_source random = crypto_random(w->crypto);
    struct public_key *public;
    struct packet_cipher *pc;
    struct buf out, secret;
    buf_init(&out, 4096);
    buf_init_secret(&secret, 4096);
    struct slice peer = {(const uint8_t *)"\11 and 31 more bytes, whatever ...", 32};
    bool ok = kex_respond(w->crypto, m, NULL, &random, peer, &out, &secret) == 0;
    buf_reset(&out);
    ok = ok && key_sign(w->key, algorithm_of(w->key), peer, &out) == 0 &&
         public_key_parse(&public, w->crypto, key_blob(w->key)) == 0;
    if (ok) {
        ok = public_key_verify(public, algorithm_of(w->key), buf_slice(&out), peer);
        public_key_free(public);
    }
    if (ok && packet_cipher_new(&pc, w->crypto, true, cipher_at(0), NULL, bytes, bytes, NULL) == 0)
        packet_cipher_free(pc);
    buf_clear(&out);
    buf_clear(&secret);
    return ok;
}

static void *run(void *argument)
{
    struct work *w = argument;
    w->ok = true;
    for (int i = 0; i < ROUNDS && w->ok; i++)
        w->ok = one_round(w);
    sally_key_unref(w->key);
    crypto_unref(w->crypto);
    return NULL;
}

static void test_shared_by_threads(void **state)
{
    (void)state;
    static const char *const types[] = {"ed25519", "ecdsa-nistp256", "rsa"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        pthread_t threads[THREADS];
        struct work work[THREADS];
        struct crypto *c;
        assert_int_equal(crypto_new(&c), 0);
        sally_key *key = bound_key(c, types[i]);
        assert_non_null(key);
        for (size_t k = 0; k < THREADS; k++) {
            work[k] = (struct work){crypto_ref(c), sally_key_ref(key), false};
            assert_int_equal(pthread_create(&threads[k], NULL, run, &work[k]), 0);
        }
        crypto_unref(c); /* the last thread takes it away */
        sally_key_unref(key);
        for (size_t k = 0; k < THREADS; k++) {
            assert_int_equal(pthread_join(threads[k], NULL), 0);
            assert_true(work[k].ok);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_by_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
