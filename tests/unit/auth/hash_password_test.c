#include "fixture.h"

static void hashes_are_accepted_again(void **state)
{
    (void)state;
    char hash[384], second[384];
    assert_int_equal(sally_hash_password("secret", hash, sizeof hash), SALLY_E_OK);
    assert_memory_equal(hash, "$y$", 3);
    assert_int_equal(sally_hash_password("secret", second, sizeof second), SALLY_E_OK);
    assert_string_not_equal(hash, second);

    sally_auth *users;
    sally_fs *fs = fixture_fs(NULL);
    assert_int_equal(sally_auth_users_new(&users), SALLY_E_OK);
    sally_user joe = {.struct_size = sizeof joe, .name = "joe", .password = hash, .fs = fs};
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_OK);
    assert_int_equal(try_password(users, "joe", "secret", 0, NULL), SALLY_AUTH_ACCEPT);
    assert_int_equal(try_password(users, "joe", "wrong", 0, NULL), SALLY_AUTH_REJECT);
    sally_auth_unref(users);
    sally_fs_unref(fs);
}

static void mistakes(void **state)
{
    (void)state;
    char hash[384], password[600];
    assert_int_equal(sally_hash_password("", hash, sizeof hash), SALLY_E_INVALID);
    assert_int_equal(sally_hash_password(NULL, hash, sizeof hash), SALLY_E_INVALID);
    assert_int_equal(sally_hash_password("x", NULL, sizeof hash), SALLY_E_INVALID);
    assert_int_equal(sally_hash_password("x", hash, sizeof hash - 1), SALLY_E_RANGE);
    memset(password, 'p', sizeof password);
    password[512] = '\0';
    assert_int_equal(sally_hash_password(password, hash, sizeof hash), SALLY_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hashes_are_accepted_again),
                                       cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
