#include <crypt.h>
#include <stdio.h>

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
    assert_true(password_verify(&p, NULL, 0, &context, "secret"));
    assert_false(password_verify(&p, NULL, 0, &context, "secret2"));
    assert_false(password_verify(&p, NULL, 0, &context, "Secret"));
    assert_false(password_verify(&p, NULL, 0, &context, ""));
    assert_null(memmem(&p, sizeof p, "secret", 6));
    password_clear(&p);
    assert_false(p.set);
    /* A dollar alone makes no hash. */
    static const char *const clear[] = {"$", "$$", "$money$", "6$x", "$6", "x", "\xff\xfe"};
    for (size_t i = 0; i < sizeof clear / sizeof *clear; i++) {
        assert_int_equal(password_init(&p, &context, clear[i]), SALLY_E_OK);
        assert_true(password_verify(&p, NULL, 0, &context, clear[i]));
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
        assert_true(password_verify(&p, NULL, 0, &context, "secret"));
        assert_false(password_verify(&p, NULL, 0, &context, "secret "));
        assert_false(
            password_verify(&p, NULL, 0, &context, hash)); /* the hash is not the password */
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
    static const char *const foreign[] = {"$apr1$salt$NUGZOx4d0pNDhQH0d1rkx/", "{SHA}W6ph5Mm5Pz8Gg",
                                          "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_int_equal(password_init(&p, &context, foreign[i]), SALLY_E_UNSUPPORTED);
    char longest[600];
    memset(longest, 'a', sizeof longest);
    longest[512] = '\0';
    assert_int_equal(password_init(&p, &context, longest), SALLY_E_INVALID);
    longest[511] = '\0';
    assert_int_equal(password_init(&p, &context, longest), SALLY_E_OK);
    assert_true(password_verify(&p, NULL, 0, &context, longest));
    longest[511] = 'a';
    longest[512] = '\0';
    assert_false(password_verify(&p, NULL, 0, &context, longest));
    password_clear(&p);
}

/* Unknown users: never right, whatever the decoy's password is. */
static void decoys_let_nobody_in(void **state)
{
    (void)state;
    struct password decoy, none = {0};
    const struct password *const decoys[] = {&decoy};
    assert_int_equal(password_init(&decoy, &context, hash_of("$5$", 1000)), SALLY_E_OK);
    assert_false(password_verify(NULL, decoys, 1, &context, "secret"));
    assert_false(password_verify(&none, decoys, 1, &context, "secret"));
    assert_false(password_verify(NULL, NULL, 0, &context, "secret"));
    assert_false(password_verify(&none, NULL, 0, &context, ""));
    struct password clear;
    assert_int_equal(password_init(&clear, &context, "other"), SALLY_E_OK);
    assert_true(password_verify(&clear, decoys, 1, &context, "other"));
    assert_false(password_verify(&clear, decoys, 1, &context, "secret"));
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

static struct password hashed(const char *prefix, unsigned long cost)
{
    struct password p;
    assert_int_equal(password_init(&p, &context, hash_of(prefix, cost)), SALLY_E_OK);
    return p;
}

/* By kind and parameters, whatever the salt. */
static void costs_that_are_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        {"$5$rounds=5000$a$", "$5$abc$", true},
        {"$5$rounds=5000$a$", "$5$rounds=5001$a$", false},
        {"$5$a$", "$6$a$", false},
        {"$2b$05$abcdefghijklmnopqrstuu", "$2a$05$zbcdefghijklmnopqrstuu", true},
        {"$2b$05$abcdefghijklmnopqrstuu", "$2b$06$abcdefghijklmnopqrstuu", false},
        {"$y$j9T$abc$", "$y$j9T$xyz1$", true},
        {"$y$j9T$abc$", "$y$j8T$abc$", false},
        {"$y$j9T$abc$", "$gy$j9T$abc$", false},
        {"$7$CU..../....abc$", "$7$CU..../....xyz$", true},
        {"$7$CU..../....abc$", "$7$DU..../....abc$", false},
        {"$7$C", "$7$C", true}, /* too short to be a hash, but nothing is read behind its end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct password one = {.set = true, .hash = (char *)(uintptr_t)cases[i].one};
        const struct password other = {.set = true, .hash = (char *)(uintptr_t)cases[i].other};
        if (password_same_cost(&one, &other) != cases[i].same ||
            password_same_cost(&other, &one) != cases[i].same)
            fail_msg("%s and %s", cases[i].one, cases[i].other);
        const struct password clear = {.set = true};
        assert_false(password_same_cost(&clear, &one));
        assert_true(password_same_cost(&clear, &clear));
    }
}

static char settings[16][16]; /* of the hashes that were computed, in this order */
static size_t setting_count;

char *__real_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);

char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
    setting_count %= sizeof settings / sizeof *settings;
    /* What is in front of the last two parts, salt and hash, is the kind and its cost. */
    snprintf(settings[setting_count++], sizeof settings[0], "%.*s", 7, setting);
    return __real_crypt_rn(phrase, setting, data, size);
}

static void assert_hashes(const char *first, const char *second, const char *third)
{
    const char *const expected[] = {first, second, third};
    for (size_t i = 0; i < 3; i++) {
        if (i < setting_count)
            assert_string_equal(settings[i], expected[i]);
        else
            assert_null(expected[i]);
    }
    assert_in_range(setting_count, 0, 3);
    setting_count = 0;
}

/* The same hashes are computed for everyone, in the same order. */
static void equal_work(void **state)
{
    (void)state;
    struct password cheap = hashed("$5$", 1000), dear = hashed("$2b$", 5), yes = hashed("$y$", 1),
                    clear, mine;
    assert_int_equal(password_init(&clear, &context, "secret"), SALLY_E_OK);
    const struct password *const decoys[] = {&cheap, &clear, &dear, &yes};
    mine = hashed("$2b$", 5);
    const struct password *const users[] = {&cheap, &clear, &dear, &yes, &mine, NULL};
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        setting_count = 0;
        assert_true(password_verify(users[i], decoys, 4, &context, "secret") == (users[i] != NULL));
        assert_hashes("$5$roun", "$2b$05$", "$y$j75$");
        assert_false(password_verify(users[i], decoys, 4, &context, "wrong"));
        assert_hashes("$5$roun", "$2b$05$", "$y$j75$");
    }
    /* More costs than there are decoys: it is examined all the same. */
    assert_true(password_verify(&mine, decoys, 2, &context, "secret"));
    assert_hashes("$5$roun", "$2b$05$", NULL);
    password_clear(&mine);
    password_clear(&clear);
    password_clear(&yes);
    password_clear(&dear);
    password_clear(&cheap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear_passwords), cmocka_unit_test(hashes),
        cmocka_unit_test(refused_values),  cmocka_unit_test(decoys_let_nobody_in),
        cmocka_unit_test(costs_compare),   cmocka_unit_test(costs_that_are_the_same),
        cmocka_unit_test(equal_work),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
