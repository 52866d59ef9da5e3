#include "base/login_methods.h"

#include "cmocka_all.h"

#include "sallyport/auth.h"

static void every_method_has_one_name(void **state)
{
    (void)state;
    static const uint32_t methods[] = {SALLY_AUTH_NONE, SALLY_AUTH_PASSWORD, SALLY_AUTH_PUBLICKEY,
                                       SALLY_AUTH_KEYBOARD_INTERACTIVE};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const char *name = login_method_name(methods[i]);
        assert_true(*name);
        assert_int_equal(login_method_find(slice_of(name)), methods[i]);
    }
    assert_string_equal(login_method_name(SALLY_AUTH_PASSWORD), "password");
    assert_string_equal(login_method_name(0), "");
    assert_int_equal(login_method_find(slice_of("hostbased")), 0);
    assert_int_equal(login_method_find(slice_of("")), 0);
    assert_int_equal(login_method_find(slice_of("Password")), 0);
}

static void none_is_never_offered(void **state)
{
    (void)state;
    char out[LOGIN_METHOD_NAMES_SIZE];
    login_method_names(~0u, out, sizeof out);
    assert_string_equal(out, "publickey,password,keyboard-interactive");
    login_method_names(SALLY_AUTH_NONE, out, sizeof out);
    assert_string_equal(out, "");
    login_method_names(SALLY_AUTH_PASSWORD | SALLY_AUTH_NONE, out, sizeof out);
    assert_string_equal(out, "password");
    login_method_names(~0u, out, 12);
    assert_string_equal(out, "publickey");
    login_method_names(~0u, out, 1);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_has_one_name),
        cmocka_unit_test(none_is_never_offered),
    };
    return cmocka_run_group_tests_name("base/login_methods", tests, NULL, NULL);
}
