#include "crypto/bcrypt_pbkdf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/crypto_fixture.h"

/* From OpenBSD's tests of the function. Files of ssh-keygen are tried in private_key_test.c. */
static void test_vectors(void **state)
{
    uint8_t key[64];
    assert_true(bcrypt_pbkdf(*state, "password", slice_of("salt"), 4, key, 32));
    ASSERT_HEX(key, 32, "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9");
}

static void test_bounds(void **state)
{
    uint8_t key[BCRYPT_PBKDF_KEY_MAX], salt[100] = {0};
    struct slice none = {NULL, 0}, good = {salt, 16}, large = {salt, sizeof salt};
    assert_true(bcrypt_pbkdf(*state, "x", good, 1, key, sizeof key));
    assert_false(bcrypt_pbkdf(*state, "", good, 1, key, 32));
    assert_false(bcrypt_pbkdf(*state, "x", none, 1, key, 32));
    assert_false(bcrypt_pbkdf(*state, "x", large, 1, key, 32));
    assert_false(bcrypt_pbkdf(*state, "x", good, 0, key, 32));
    assert_false(bcrypt_pbkdf(*state, "x", good, BCRYPT_PBKDF_ROUNDS_MAX + 1, key, 32));
    assert_false(bcrypt_pbkdf(*state, "x", good, 1, key, 0));
    assert_false(bcrypt_pbkdf(*state, "x", good, 1, key, BCRYPT_PBKDF_KEY_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
