#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sallyport/server.h"
#include "server/keyring.h"

static sally_key *make(const char *type)
{
    sally_key *key;
    assert_int_equal(sally_key_generate(&key, type, 0), SALLY_E_OK);
    return key;
}

static void keys_are_ordered_and_replaced_by_type(void **state)
{
    (void)state;
    static const char *const types[] = {"ecdsa-nistp384", "ed25519", "ecdsa-nistp256"};
    static const char *const wanted[] = {"ssh-ed25519", "ecdsa-sha2-nistp256",
                                         "ecdsa-sha2-nistp384"};
    sally_server *s;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_null(sally_server_host_key(s, 0));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++) {
            sally_key *key = make(types[i]);
            assert_int_equal(sally_server_add_host_key(s, key), SALLY_E_OK);
            bool found = false;
            for (size_t k = 0; sally_server_host_key(s, k); k++)
                found = found || strcmp(sally_key_fingerprint(sally_server_host_key(s, k)),
                                        sally_key_fingerprint(key)) == 0;
            assert_true(found);
            sally_key_unref(key);
        }
    }
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(sally_key_type(sally_server_host_key(s, i)), wanted[i]);
    assert_null(sally_server_host_key(s, 3));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void holders_keep_what_they_hold(void **state)
{
    (void)state;
    sally_key *old = make("ed25519"), *fresh = make("ed25519");
    struct keyring *before = keyring_with(NULL, old);
    struct keyring *after = keyring_with(before, fresh);
    sally_key_unref(old);
    sally_key_unref(fresh);
    assert_int_equal(before->count, 1);
    assert_int_equal(after->count, 1);
    keyring_unref(before);
    assert_string_equal(sally_key_type(after->keys[0]), "ssh-ed25519");
    keyring_unref(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_ordered_and_replaced_by_type),
        cmocka_unit_test(holders_keep_what_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
