#include <stdbool.h>

#include "alloc_failure.h"
#include "fixture.h"

static sally_auth_result never(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    (void)request;
    return SALLY_AUTH_REJECT;
}

static struct auth_request *some_request(void)
{
    const sally_auth_methods m = {
        .struct_size = sizeof m, .methods = SALLY_AUTH_PASSWORD, .authenticate = never};
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, &m, NULL), SALLY_E_OK);
    struct auth_request *r = fixture_request(auth, SALLY_AUTH_PASSWORD);
    sally_auth_unref(auth);
    return r;
}

static void it_lives_with_the_request(void **state)
{
    (void)state;
    struct auth_request *r = some_request();
    static const unsigned char zeros[1000];
    for (size_t size = 0; size < 1000; size += 37) {
        unsigned char *p = sally_auth_alloc(&r->pub, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        assert_memory_equal(p, zeros, size);
        memset(p, 0xff, size);
    }
    char text[] = "secret";
    char *copy = sally_auth_strdup(&r->pub, text);
    memset(text, 'x', 6);
    assert_string_equal(copy, "secret");
    assert_string_equal(sally_auth_strdup(&r->pub, ""), "");
    assert_null(sally_auth_strdup(&r->pub, NULL));
    assert_true(auth_request_run(r)); /* an answer does not end it: others may be asked */
    assert_string_equal(copy, "secret");
    auth_request_free(r); /* leaks are found by the sanitizer */
}

static void too_much(void **state)
{
    (void)state;
    struct auth_request *r = some_request();
    assert_null(sally_auth_alloc(&r->pub, SIZE_MAX));
    assert_null(sally_auth_alloc(&r->pub, SIZE_MAX - 8));
    alloc_fail_at(1);
    assert_null(sally_auth_alloc(&r->pub, 8));
    alloc_fail_at(1);
    assert_null(sally_auth_strdup(&r->pub, "x"));
    alloc_fail_at(0);
    assert_non_null(sally_auth_alloc(&r->pub, 8));
    auth_request_free(r);
}

static bool gone;

static bool is_gone(const struct auth_request *r)
{
    (void)r;
    return gone;
}

static void clients_that_are_gone(void **state)
{
    (void)state;
    struct auth_request *r = some_request();
    assert_false(sally_auth_cancelled(&r->pub));
    r->is_cancelled = is_gone;
    assert_false(sally_auth_cancelled(&r->pub));
    gone = true;
    assert_true(sally_auth_cancelled(&r->pub));
    auth_request_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_lives_with_the_request),
        cmocka_unit_test(too_much),
        cmocka_unit_test(clients_that_are_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
