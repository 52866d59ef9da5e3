#include <crypt.h>

#include "fixture.h"

static unsigned hashed;
static char setting_used[CRYPT_OUTPUT_SIZE];

char *__real_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);

char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
    hashed++;
    strncpy(setting_used, setting, sizeof setting_used - 1);
    return __real_crypt_rn(phrase, setting, data, size);
}

static void every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        unsigned long cost;
    } kinds[] = {{"$y$", 1}, {"$2b$", 4}, {"$6$", 1000}, {"$5$", 1000}, {"$7$", 6}, {"$gy$", 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        static struct crypt_data data;
        char salt[CRYPT_GENSALT_OUTPUT_SIZE], hash[CRYPT_OUTPUT_SIZE];
        assert_non_null(crypt_gensalt_rn(kinds[i].prefix, kinds[i].cost, "0123456789abcdef", 16,
                                         salt, sizeof salt));
        strcpy(hash, crypt_r("secret", salt, &data));
        assert_true(sally_check_password("secret", hash));
        assert_false(sally_check_password("Secret", hash));
        assert_false(sally_check_password(hash, hash));
    }
}

static void what_sally_hash_password_makes(void **state)
{
    (void)state;
    char hash[384];
    assert_int_equal(sally_hash_password("secret", hash, sizeof hash), SALLY_E_OK);
    assert_true(sally_check_password("secret", hash));
    assert_false(sally_check_password("secre", hash));
}

/* No one learns from the time that there is no such user: as much is computed as for one that
 * sally_hash_password() made. */
static void what_is_no_hash_costs_as_much_as_one(void **state)
{
    (void)state;
    static const char *const others[] = {NULL,       "",          "secret",
                                         "*",        "$6$cut",    "$1$salt$YhJ6d3.lRG1cxhVJlVMG30",
                                         "$argon2i", "!$6$x$abc", "$y$"};
    char hash[384];
    assert_int_equal(sally_hash_password("secret", hash, sizeof hash), SALLY_E_OK);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        hashed = 0;
        assert_false(sally_check_password("secret", others[i]));
        assert_int_equal(hashed, 1);
        assert_memory_equal(setting_used, hash, strlen("$y$j9T$")); /* kind and cost */
    }
    /* The password that takes the time belongs to no user. */
    assert_false(
        sally_check_password("nobody knows this one, and it would not count either", NULL));
}

static void what_is_no_password(void **state)
{
    (void)state;
    char hash[384], long_one[600];
    assert_int_equal(sally_hash_password("secret", hash, sizeof hash), SALLY_E_OK);
    memset(long_one, 'x', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    assert_false(sally_check_password(NULL, hash));
    assert_false(sally_check_password("", hash));
    assert_false(sally_check_password(long_one, hash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(what_sally_hash_password_makes),
        cmocka_unit_test(what_is_no_hash_costs_as_much_as_one),
        cmocka_unit_test(what_is_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
