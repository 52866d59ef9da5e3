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
    assert_false(r->failed);
    assert_int_equal(sally_auth_set(&r->pub, "limits.known", "3"), SALLY_E_LIMIT);
    assert_true(r->failed); /* which rejects */
    auth_request_free(r);
}

static void prompts_have_a_limit(void **state)
{
    (void)state;
    struct auth_request *r = some_request(SALLY_AUTH_KEYBOARD_INTERACTIVE);
    for (int i = 0; i < LOGIN_PROMPTS_MAX; i++)
        assert_int_equal(sally_auth_add_prompt(&r->pub, "Code: ", i == 0), SALLY_E_OK);
    assert_false(r->failed);
    assert_int_equal(sally_auth_add_prompt(&r->pub, "Code: ", true), SALLY_E_LIMIT);
    assert_true(r->failed); /* which rejects */
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
    assert_false(r->failed);
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

static int freed[2];

static void count_freed(void *data)
{
    ++*(int *)data;
}

static void data_is_freed_once(void **state)
{
    (void)state;
    freed[0] = freed[1] = 0;
    struct auth_request *r = some_request(SALLY_AUTH_PASSWORD);
    sally_auth_set_data(&r->pub, &freed[0], count_freed);
    sally_auth_set_data(&r->pub, &freed[1], count_freed); /* takes its place */
    assert_int_equal(freed[0], 1);
    assert_int_equal(freed[1], 0);
    assert_true(auth_request_run(r));
    assert_int_equal(freed[1], 1); /* rejected */
    sally_auth_set_data(&r->pub, &freed[1], NULL);
    assert_ptr_equal(r->answer.data, &freed[1]);
    auth_request_free(r);
    assert_int_equal(freed[0] + freed[1], 2);
}

static sally_auth_result reject_with_reason(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    char text[] = "expired";
    assert_int_equal(sally_auth_set_message(request, "first"), SALLY_E_OK);
    assert_int_equal(sally_auth_set_message(request, text), SALLY_E_OK);
    text[0] = 'E';
    return SALLY_AUTH_REJECT;
}

static sally_auth_result welcome(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    (void)sally_auth_set_message(request, "welcome");
    return sally_auth_accept(request, shared_fs);
}

static void messages_go_with_the_answer(void **state)
{
    (void)state;
    shared_fs = fixture_fs(NULL);
    static char long_one[16386];
    memset(long_one, 'x', sizeof long_one - 1);
    sally_auth *no = some_auth(reject_with_reason), *yes = some_auth(welcome), *chain;
    assert_int_equal(sally_auth_chain_new(&chain, no, yes), SALLY_E_OK);
    struct auth_request *r = fixture_request(no, SALLY_AUTH_PASSWORD);
    assert_int_equal(sally_auth_set_message(&r->pub, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_auth_set_message(&r->pub, long_one), SALLY_E_LIMIT);
    assert_false(r->failed); /* keeps no one out */
    assert_true(auth_request_run(r));
    assert_string_equal(r->own_reason, "expired");
    assert_null(r->answer.message);
    auth_request_set_reason(&r->pub, "said later");
    assert_null(r->own_reason);
    auth_request_free(r);
    r = fixture_request(chain,
                        SALLY_AUTH_PASSWORD); /* the one's reason is not the other's welcome */
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_string_equal(r->answer.message, "welcome");
    auth_request_free(r);
    sally_auth_unref(chain);
    sally_auth_unref(no);
    sally_auth_unref(yes);
    sally_fs_unref(shared_fs);
}

static void faults_add_up(void **state)
{
    (void)state;
    struct auth_request *r = some_request(SALLY_AUTH_PASSWORD);
    auth_request_set_fault(&r->pub, "a");
    auth_request_set_fault(&r->pub, "b");
    assert_string_equal(r->fault, "a; b");
    alloc_fail_at(1);
    auth_request_set_fault(&r->pub, "c");
    alloc_fail_at(0);
    assert_string_equal(r->fault, "a; b");
    auth_request_free(r);
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
        cmocka_unit_test(data_is_freed_once),
        cmocka_unit_test(messages_go_with_the_answer),
        cmocka_unit_test(faults_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
