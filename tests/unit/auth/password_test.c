#include <crypt.h>

#include "auth/password.h"
#include "base/mem.h"
#include "fixture.h"

static struct password_context context;

static int setup(void **state)
{
    (void)state;
    return password_context_init(&context) == SALLY_E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    password_context_clear(&context);
    return 0;
}

/* A hash of "secret" at the lowest cost of its kind. */
static const char *hash_of(const char *prefix, unsigned long cost)
{
    static struct crypt_data data;
    static char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    assert_non_null(crypt_gensalt_rn(prefix, cost, "0123456789abcdef", 16, salt, sizeof salt));
    const char *hash = crypt_r("secret", salt, &data);
    assert_non_null(hash);
    return hash;
}

static void clear_passwords(void **state)
{
    (void)state;
    struct password p;
    assert_int_equal(password_init(&p, &context, "secret"), SALLY_E_OK);
    assert_null(p.hash);
    assert_int_equal(password_cost(&p), 0);
    assert_true(password_verify(&p, NULL, &context, "secret"));
    assert_false(password_verify(&p, NULL, &context, "secret2"));
    assert_false(password_verify(&p, NULL, &context, "Secret"));
    assert_false(password_verify(&p, NULL, &context, ""));
    assert_null(memmem(&p, sizeof p, "secret", 6));
    password_clear(&p);
    assert_false(p.set);
    /* A dollar alone makes no hash. */
    static const char *const clear[] = {"$", "$$", "$money$", "6$x", "$6", "x", "\xff\xfe"};
    for (size_t i = 0; i < sizeof clear / sizeof *clear; i++) {
        assert_int_equal(password_init(&p, &context, clear[i]), SALLY_E_OK);
        assert_true(password_verify(&p, NULL, &context, clear[i]));
        password_clear(&p);
    }
}

static void hashes(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        unsigned long cost;
    } kinds[] = {{"$y$", 1}, {"$2b$", 4}, {"$6$", 1000}, {"$5$", 1000}, {"$7$", 6}, {"$gy$", 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct password p;
        const char *hash = hash_of(kinds[i].prefix, kinds[i].cost);
        assert_int_equal(password_init(&p, &context, hash), SALLY_E_OK);
        assert_non_null(p.hash);
        assert_true(password_cost(&p) > 0);
        assert_true(password_verify(&p, NULL, &context, "secret"));
        assert_false(password_verify(&p, NULL, &context, "secret "));
        assert_false(password_verify(&p, NULL, &context, hash)); /* the hash is not the password */
        password_clear(&p);
    }
}

static void refused_values(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",
        "*",
        "!",
        "!!",
        "*0",
        "*1",
        "!$6$salt$abc",
        "$6$",
        "$y$",
        "$5$salt$",
        "$6$salt$abc",
        "$2b$10$short",
        "$2b$",
        "$7$",
        "$y$j9T$0123456789012345678901$",
        "$2b$99$abcdefghijklmnopqrstuuAbcdefghijklmnopqrstuvwxyz01234"};
    struct password p;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (password_init(&p, &context, values[i]) != SALLY_E_INVALID)
            fail_msg("'%s' was taken", values[i]);
        assert_false(p.set);
    }
    assert_int_equal(password_init(&p, &context, "$1$salt$NUGZOx4d0pNDhQH0d1rkx/"),
                     SALLY_E_UNSUPPORTED);
    char longest[600];
    memset(longest, 'a', sizeof longest);
    longest[512] = '\0';
    assert_int_equal(password_init(&p, &context, longest), SALLY_E_INVALID);
    longest[511] = '\0';
    assert_int_equal(password_init(&p, &context, longest), SALLY_E_OK);
    assert_true(password_verify(&p, NULL, &context, longest));
    longest[511] = 'a';
    longest[512] = '\0';
    assert_false(password_verify(&p, NULL, &context, longest));
    password_clear(&p);
}

/* Unknown users: never right, whatever the decoy's password is. */
static void decoys_let_nobody_in(void **state)
{
    (void)state;
    struct password decoy, none = {0};
    assert_int_equal(password_init(&decoy, &context, hash_of("$5$", 1000)), SALLY_E_OK);
    assert_false(password_verify(NULL, &decoy, &context, "secret"));
    assert_false(password_verify(&none, &decoy, &context, "secret"));
    assert_false(password_verify(NULL, NULL, &context, "secret"));
    assert_false(password_verify(&none, NULL, &context, ""));
    struct password clear;
    assert_int_equal(password_init(&clear, &context, "other"), SALLY_E_OK);
    assert_true(password_verify(&clear, &decoy, &context, "other"));
    assert_false(password_verify(&clear, &decoy, &context, "secret"));
    password_clear(&clear);
    password_clear(&decoy);
}

static void costs_compare(void **state)
{
    (void)state;
    static const struct {
        const char *cheap, *dear;
        unsigned long cheap_cost, dear_cost;
    } pairs[] = {
        {"$5$", "$y$", 5000, 5}, {"$6$", "$6$", 1000, 100000}, {"$2b$", "$2b$", 4, 6},
        {"$y$", "$y$", 1, 6},    {"$5$", "$2b$", 5000, 10},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct password cheap = {0}, dear = {0};
        char salt[CRYPT_GENSALT_OUTPUT_SIZE];
        /* The cost stands in the salt: nothing needs to be computed. */
        assert_non_null(crypt_gensalt_rn(pairs[i].cheap, pairs[i].cheap_cost, "0123456789abcdef",
                                         16, salt, sizeof salt));
        cheap.hash = mem_strdup(salt);
        assert_non_null(crypt_gensalt_rn(pairs[i].dear, pairs[i].dear_cost, "0123456789abcdef", 16,
                                         salt, sizeof salt));
        dear.hash = mem_strdup(salt);
        if (password_cost(&cheap) >= password_cost(&dear))
            fail_msg("%s against %s", cheap.hash, dear.hash);
        password_clear(&cheap);
        password_clear(&dear);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear_passwords), cmocka_unit_test(hashes),
        cmocka_unit_test(refused_values),  cmocka_unit_test(decoys_let_nobody_in),
        cmocka_unit_test(costs_compare),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
