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
    sally_key *key;
    assert_int_equal(sally_server_host_key(&key, s, 0), SALLY_E_NOT_FOUND);
    assert_null(key);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++) {
            sally_key *added = make(types[i]);
            assert_int_equal(sally_server_add_host_key(s, added), SALLY_E_OK);
            bool found = false;
            for (size_t k = 0; sally_server_host_key(&key, s, k) == SALLY_E_OK; k++) {
                found =
                    found || strcmp(sally_key_fingerprint(key), sally_key_fingerprint(added)) == 0;
                sally_key_unref(key);
            }
            assert_true(found);
            sally_key_unref(added);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sally_server_host_key(&key, s, i), SALLY_E_OK);
        assert_string_equal(sally_key_type(key), wanted[i]);
        sally_key_unref(key);
    }
    assert_int_equal(sally_server_host_key(&key, s, 3), SALLY_E_NOT_FOUND);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void a_key_outlives_its_replacement_and_the_server(void **state)
{
    (void)state;
    sally_server *s;
    sally_key *added = make("ed25519"), *fresh = make("ed25519"), *held, *after;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_server_add_host_key(s, added), SALLY_E_OK);
    assert_int_equal(sally_server_host_key(&held, s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_host_key(s, fresh), SALLY_E_OK);
    assert_string_equal(sally_key_fingerprint(held), sally_key_fingerprint(added));
    assert_int_equal(sally_server_host_key(&after, s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    assert_string_equal(sally_key_public_line(held), sally_key_public_line(added));
    assert_string_equal(sally_key_public_line(after), sally_key_public_line(fresh));
    sally_key_unref(held);
    sally_key_unref(after);
    sally_key_unref(added);
    sally_key_unref(fresh);
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
        cmocka_unit_test(a_key_outlives_its_replacement_and_the_server),
        cmocka_unit_test(holders_keep_what_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
