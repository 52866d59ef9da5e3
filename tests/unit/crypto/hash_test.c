#include "crypto/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/crypto_fixture.h"

/* FIPS 180-4's, RFC 1321's and RFC 7693's "abc" */
static const struct {
    enum hash_id id;
    const char *digest;
} vectors[] = {
    {HASH_MD5, "900150983cd24fb0d6963f7d28e17f72"},
    {HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {HASH_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {HASH_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                  "8086072ba1e7cc2358baeca134c825a7"},
    {HASH_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {HASH_BLAKE2B512, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                      "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
};

static void test_vectors(void **state)
{
    uint8_t out[HASH_MAX_SIZE];
    assert_int_equal(COUNT_OF(vectors), HASH_COUNT);
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        assert_true(hash_once(*state, vectors[i].id, "abc", 3, out));
        ASSERT_HEX(out, hash_size(vectors[i].id), vectors[i].digest);
    }
}

static void test_running_starts_afresh(void **state)
{
    uint8_t out[HASH_MAX_SIZE];
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct hash *h = hash_new(*state, vectors[i].id);
        assert_non_null(h);
        for (int round = 0; round < 3; round++) {
            hash_update(h, "a", 1);
            hash_update(h, NULL, 0);
            hash_update(h, "bc", 2);
            assert_true(hash_final(h, out));
            ASSERT_HEX(out, hash_size(vectors[i].id), vectors[i].digest);
        }
        hash_free(h);
    }
    hash_free(NULL);
}

static void test_empty(void **state)
{
    uint8_t out[HASH_MAX_SIZE];
    assert_true(hash_once(*state, HASH_SHA256, NULL, 0, out));
    ASSERT_HEX(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_outlives_its_context(void **state)
{
    (void)state;
    struct crypto *c;
    uint8_t out[HASH_MAX_SIZE];
    assert_int_equal(crypto_new(&c), SALLY_E_OK);
    struct hash *h = hash_new(c, HASH_SHA256);
    crypto_unref(c);
    hash_update(h, "abc", 3);
    assert_true(hash_final(h, out));
    ASSERT_HEX(out, 32, vectors[3].digest);
    hash_free(h);
}

static void test_random(void **state)
{
    uint8_t a[64] = {0}, b[64] = {0};
    struct random_source random = crypto_random(*state);
    assert_true(random_fill(&random, a, sizeof a));
    assert_true(random_fill(&random, b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
}

/* A child does not repeat what its parent gets. */
static void test_random_after_fork(void **state)
{
    uint8_t ours[32], theirs[32];
    int fds[2], status;
    struct random_source random = crypto_random(*state);
    assert_true(random_fill(&random, ours, sizeof ours));
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        bool ok = random_fill(&random, theirs, sizeof theirs) &&
                  write(fds[1], theirs, sizeof theirs) == (ssize_t)sizeof theirs;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(fds[0], theirs, sizeof theirs), sizeof theirs);
    assert_true(random_fill(&random, ours, sizeof ours));
    assert_memory_not_equal(ours, theirs, sizeof ours);
    close(fds[0]);
    close(fds[1]);
}

static void test_much_randomness(void **state)
{
    struct random_source random = crypto_random(*state);
    uint8_t *bytes = mem_zalloc(300000); /* more than the generator gives at once */
    assert_true(random_fill(&random, bytes, 300000));
    assert_memory_not_equal(bytes, bytes + 200000, 64);
    assert_true(random_fill(&random, bytes, 0));
    mem_free(bytes);
}

static void test_references(void **state)
{
    (void)state;
    struct crypto *c;
    assert_int_equal(crypto_new(&c), SALLY_E_OK);
    assert_ptr_equal(crypto_ref(c), c);
    crypto_unref(c);
    crypto_unref(c);
    crypto_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),         cmocka_unit_test(test_running_starts_afresh),
        cmocka_unit_test(test_empty),           cmocka_unit_test(test_outlives_its_context),
        cmocka_unit_test(test_random),          cmocka_unit_test(test_random_after_fork),
        cmocka_unit_test(test_much_randomness), cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
