#include "alloc_failure.h"
#include "fixture.h"

static sally_auth_result never(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    (void)request;
    return SALLY_AUTH_REJECT;
}

static sally_auth *some_auth(sally_auth_result (*authenticate)(sally_auth *, sally_auth_request *))
{
    const sally_auth_methods m = {
        .struct_size = sizeof m, .methods = 0xf, .authenticate = authenticate};
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, &m, NULL), SALLY_E_OK);
    return auth;
}

static struct auth_request *some_request(uint32_t method)
{
    sally_auth *auth = some_auth(never);
    struct auth_request *r = fixture_request(auth, method);
    sally_auth_unref(auth);
    return r;
}

static void paths_become_canonical(void **state)
{
    (void)state;
    struct auth_request *r = some_request(SALLY_AUTH_PASSWORD);
    assert_int_equal(sally_auth_set_root(&r->pub, "//a/./b/../c/"), SALLY_E_OK);
    assert_string_equal(r->answer.root, "/a/c");
    assert_int_equal(sally_auth_set_root(&r->pub, "../../etc"), SALLY_E_OK);
    assert_string_equal(r->answer.root, "/etc");
    assert_int_equal(sally_auth_set_home(&r->pub, "joe"), SALLY_E_OK);
    assert_string_equal(r->answer.home, "/joe");
    assert_int_equal(sally_auth_set_home(&r->pub, NULL), SALLY_E_INVALID);
    assert_false(r->failed);
    assert_int_equal(sally_auth_set_root(&r->pub, NULL), SALLY_E_INVALID);
    assert_true(r->failed);
    auth_request_free(r);
}

static sally_error check_one(const char *name, const char *value)
{
    (void)value;
    return strcmp(name, "limits.known") == 0 ? SALLY_E_OK : SALLY_E_NOT_FOUND;
}

static void settings_are_checked_and_kept_in_order(void **state)
{
    (void)state;
    struct auth_request *r = some_request(SALLY_AUTH_PASSWORD);
    r->check_setting = check_one;
    assert_int_equal(sally_auth_set(&r->pub, "limits.other", "1"), SALLY_E_NOT_FOUND);
    assert_int_equal(sally_auth_set(&r->pub, NULL, "1"), SALLY_E_INVALID);
    assert_null(r->answer.settings);
    assert_int_equal(sally_auth_set(&r->pub, "limits.known", "1"), SALLY_E_OK);
    assert_int_equal(sally_auth_set(&r->pub, "limits.known", "2"), SALLY_E_OK);
    assert_string_equal(r->answer.settings->value, "1");
    assert_string_equal(r->answer.settings->next->value, "2");
    for (int i = 2; i < 64; i++)
        assert_int_equal(sally_auth_set(&r->pub, "limits.known", "3"), SALLY_E_OK);
    assert_int_equal(sally_auth_set(&r->pub, "limits.known", "3"), SALLY_E_LIMIT);
    auth_request_free(r);
}

static void prompts_have_a_limit(void **state)
{
    (void)state;
    struct auth_request *r = some_request(SALLY_AUTH_KEYBOARD_INTERACTIVE);
    for (int i = 0; i < LOGIN_PROMPTS_MAX; i++)
        assert_int_equal(sally_auth_add_prompt(&r->pub, "Code: ", i == 0), SALLY_E_OK);
    assert_int_equal(sally_auth_add_prompt(&r->pub, "Code: ", true), SALLY_E_LIMIT);
    assert_int_equal(r->prompt_count, LOGIN_PROMPTS_MAX);
    assert_true(r->prompts[0].echo);
    assert_false(r->prompts[1].echo);
    assert_int_equal(sally_auth_set_instruction(&r->pub, "", "Look at your phone"), SALLY_E_OK);
    assert_string_equal(r->prompt_instruction, "Look at your phone");
    auth_request_free(r);

    r = some_request(SALLY_AUTH_PASSWORD);
    assert_int_equal(sally_auth_add_prompt(&r->pub, "Code: ", true), SALLY_E_INVALID);
    auth_request_free(r);
}

static void banners_add_up(void **state)
{
    (void)state;
    struct auth_request *r = some_request(SALLY_AUTH_PASSWORD);
    assert_int_equal(sally_auth_add_banner(&r->pub, "one"), SALLY_E_OK);
    assert_int_equal(sally_auth_add_banner(&r->pub, "two\r\n"), SALLY_E_OK);
    assert_int_equal(sally_auth_add_banner(&r->pub, "three"), SALLY_E_OK);
    assert_string_equal(r->banner, "one\r\ntwo\r\nthree");
    char *big = test_malloc(20000);
    memset(big, 'x', 19999);
    big[19999] = '\0';
    assert_int_equal(sally_auth_add_banner(&r->pub, big), SALLY_E_LIMIT);
    assert_string_equal(r->banner, "one\r\ntwo\r\nthree");
    test_free(big);
    auth_request_free(r);
}

static void partial_names_real_methods_only(void **state)
{
    (void)state;
    struct auth_request *r = some_request(SALLY_AUTH_PASSWORD);
    assert_int_equal(sally_auth_partial(&r->pub, ~0u), SALLY_AUTH_PARTIAL);
    assert_int_equal(r->methods_next,
                     SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY | SALLY_AUTH_KEYBOARD_INTERACTIVE);
    sally_auth_set_permissions(&r->pub, ~0u);
    assert_int_equal(r->answer.permissions, SALLY_MAY_ALL);
    auth_request_free(r);
}

static sally_fs *shared_fs;

/* Looks at nothing that the calls return, as careless code does. */
static sally_auth_result careless(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    (void)sally_auth_set_root(request, "/home/joe");
    (void)sally_auth_set_home(request, "/in");
    (void)sally_auth_set(request, "limits.known", "1");
    sally_auth_set_permissions(request, SALLY_MAY_VIEW);
    return sally_auth_accept(request, shared_fs);
}

static void lost_confinement_rejects(void **state)
{
    (void)state;
    shared_fs = fixture_fs(NULL);
    sally_auth *auth = some_auth(careless);
    bool more = true;
    unsigned nth = 0;
    while (more) {
        struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
        alloc_fail_at(++nth);
        assert_true(auth_request_run(r));
        more = alloc_failed();
        assert_int_equal(r->result, more ? SALLY_AUTH_REJECT : SALLY_AUTH_ACCEPT);
        if (!more) {
            assert_string_equal(r->answer.root, "/home/joe");
            assert_string_equal(r->answer.home, "/in");
            assert_non_null(r->answer.settings);
        }
        auth_request_free(r);
    }
    assert_true(nth > 5);
    sally_auth_unref(auth);
    sally_fs_unref(shared_fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_become_canonical),
        cmocka_unit_test(settings_are_checked_and_kept_in_order),
        cmocka_unit_test(prompts_have_a_limit),
        cmocka_unit_test(banners_add_up),
        cmocka_unit_test(partial_names_real_methods_only),
        cmocka_unit_test(lost_confinement_rejects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
