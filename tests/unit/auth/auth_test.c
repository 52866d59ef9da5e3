#include "auth/authenticator.h"
#include "fixture.h"

static sally_auth_result never(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    (void)request;
    return SALLY_AUTH_REJECT;
}

static void count(void *user_data)
{
    ++*(int *)user_data;
}

static uint32_t everything(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    (void)request;
    return ~0u;
}

static void holders(void **state)
{
    (void)state;
    int gone = 0;
    const sally_auth_methods m = {.struct_size = sizeof m, .authenticate = never, .destroy = count};
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, &m, &gone), SALLY_E_OK);
    assert_ptr_equal(sally_auth_data(auth), &gone);
    assert_ptr_equal(sally_auth_ref(auth), auth);
    sally_auth_unref(auth);
    assert_int_equal(gone, 0);
    sally_auth_unref(auth);
    assert_int_equal(gone, 1);
    sally_auth_unref(NULL);
}

static void bad_methods(void **state)
{
    (void)state;
    sally_auth *auth = (sally_auth *)(uintptr_t)1;
    sally_auth_methods m = {.struct_size = sizeof m};
    assert_int_equal(sally_auth_new(&auth, &m, NULL), SALLY_E_INVALID);
    assert_null(auth);
    m.authenticate = never;
    m.struct_size = 8;
    assert_int_equal(sally_auth_new(&auth, &m, NULL), SALLY_E_INVALID);
    m.struct_size = sizeof m;
    m.methods = 0x100;
    assert_int_equal(sally_auth_new(&auth, &m, NULL), SALLY_E_INVALID);
    m.methods = 0;
    m.flags = 1;
    assert_int_equal(sally_auth_new(&auth, &m, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_auth_new(NULL, &m, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_auth_new(&auth, NULL, NULL), SALLY_E_INVALID);

    struct { /* of the first release */
        sally_auth_methods known;
    } older = {.known = {.authenticate = never}};
    older.known.struct_size = offsetof(sally_auth_methods, destroy) + sizeof older.known.destroy;
    assert_int_equal(sally_auth_new(&auth, &older.known, NULL), SALLY_E_OK);
    sally_auth_unref(auth);
    older.known.struct_size--;
    assert_int_equal(sally_auth_new(&auth, &older.known, NULL), SALLY_E_INVALID);

    struct { /* of a newer library */
        sally_auth_methods known;
        void *unknown;
    } newer = {.known = {.struct_size = sizeof newer, .authenticate = never}};
    assert_int_equal(sally_auth_new(&auth, &newer.known, NULL), SALLY_E_OK);
    sally_auth_unref(auth);
    newer.unknown = &newer;
    assert_int_equal(sally_auth_new(&auth, &newer.known, NULL), SALLY_E_INVALID);
}

static void offers(void **state)
{
    (void)state;
    sally_auth_methods m = {.struct_size = sizeof m,
                            .methods = SALLY_AUTH_PASSWORD,
                            .authenticate = never,
                            .offered = everything};
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, &m, NULL), SALLY_E_OK);
    struct auth_request *r = fixture_request(auth, 0);
    /* What it takes no part in would never be asked. */
    assert_int_equal(auth_request_offered(r), SALLY_AUTH_PASSWORD);
    auth_request_free(r);
    sally_auth_unref(auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(holders), cmocka_unit_test(bad_methods),
                                       cmocka_unit_test(offers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
