/* What a connection begins with stays the same to its end, whatever changes meanwhile. */
#include "cmocka_all.h"

#include "alloc_failure.h"
#include "server/fixture.h"
#include "server/server.h"

static void one_is_made_for_each_change(void **state)
{
    (void)state;
    sally_server *s = NULL;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    struct service *first = service_get(s, &s->adopted, protocol_at(0));
    struct service *again = service_get(s, &s->adopted, protocol_at(0));
    assert_ptr_equal(first, again);
    service_unref(again);

    assert_int_equal(sally_server_set(s, "limits.login_time", "7s"), SALLY_E_OK);
    struct service *second = service_get(s, &s->adopted, protocol_at(0));
    assert_ptr_not_equal(first, second);
    assert_ptr_not_equal(first->settings, second->settings);

    sally_key *key = NULL;
    assert_int_equal(sally_key_generate(&key, "ed25519", 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_host_key(s, key), SALLY_E_OK);
    sally_key_unref(key);
    struct service *third = service_get(s, &s->adopted, protocol_at(0));
    assert_null(second->keys);
    assert_int_equal(third->keys->count, 1);
    assert_ptr_equal(second->settings, third->settings);
    assert_ptr_equal(third->protocol, protocol_at(0));

    service_unref(first);
    service_unref(second);
    service_unref(third);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void a_failed_change_makes_none(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    struct service *first = service_get(s, &s->adopted, protocol_at(0));
    assert_int_not_equal(sally_server_set(s, "limits.login_time", "never"), SALLY_E_OK);
    struct service *again = service_get(s, &s->adopted, protocol_at(0));
    assert_ptr_equal(first, again);
    service_unref(first);
    service_unref(again);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* It holds its authenticator for the connections that began with it. */
static void an_authenticator_that_is_replaced_stays_with_it(void **state)
{
    (void)state;
    sally_server *s = NULL;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    sally_auth *users = NULL;
    assert_int_equal(sally_auth_users_new(&users), SALLY_E_OK);
    assert_int_equal(sally_server_set_auth(s, users), SALLY_E_OK);
    struct service *first = service_get(s, &s->adopted, protocol_at(0));
    assert_int_equal(sally_server_set_auth(s, NULL), SALLY_E_OK);
    struct service *second = service_get(s, &s->adopted, protocol_at(0));
    assert_ptr_equal(first->auth, users);
    assert_null(second->auth);
    sally_auth_unref(users);
    service_unref(second);
    service_unref(first); /* the last one that held it */
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* A listener's own settings lie on top of the server's, and below a connection's. */
static void a_listeners_layer_is_on_top_of_the_servers(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    struct service_source source;
    char why[SETTINGS_WHY_SIZE];
    service_source_init(&source);
    assert_int_equal(setting_layer_set(&source.layer, "ssh.rekey_bytes", "64M", why), SALLY_E_OK);
    assert_int_equal(setting_layer_set(&source.layer, "server.loops", "3", why),
                     SALLY_E_UNSUPPORTED);
    struct service *own = service_get(s, &source, protocol_at(0));
    struct service *other = service_get(s, &s->adopted, protocol_at(0));
    assert_int_equal(own->settings->ssh.rekey_bytes, 64u << 20);
    assert_int_not_equal(other->settings->ssh.rekey_bytes, 64u << 20);
    service_unref(own);

    assert_int_equal(sally_server_set(s, "ssh.rekey_bytes", "128M"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "ssh.rekey_time", "7m"), SALLY_E_OK);
    own = service_get(s, &source, protocol_at(0));
    assert_int_equal(own->settings->ssh.rekey_bytes, 64u << 20); /* its own */
    assert_int_equal(own->settings->ssh.rekey_ns, UINT64_C(7) * 60 * 1000000000);
    service_unref(own);
    service_unref(other);
    service_source_clear(&source);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void short_memory_is_not_fatal(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    alloc_fail_at(1);
    assert_null(service_get(s, &s->adopted, protocol_at(0)));
    assert_true(alloc_failed());
    struct service *service = service_get(s, &s->adopted, protocol_at(0));
    assert_non_null(service);
    service_unref(service);
    service_unref(NULL);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_is_made_for_each_change),
        cmocka_unit_test(a_failed_change_makes_none),
        cmocka_unit_test(an_authenticator_that_is_replaced_stays_with_it),
        cmocka_unit_test(a_listeners_layer_is_on_top_of_the_servers),
        cmocka_unit_test(short_memory_is_not_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
