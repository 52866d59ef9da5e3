/* Host keys of a server that was given none, and lists that leave none to offer. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/private_key.h"
#include "server/fixture.h"
#include "server/server.h"

static sally_server *bare_server(void)
{
    sally_server *s;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    return s;
}

static bool has(sally_server *s, const char *type)
{
    struct keyring *keys = server_keys(s);
    bool found = keyring_has_type(keys, type);
    keyring_unref(keys);
    return found;
}

static size_t count(sally_server *s)
{
    struct keyring *keys = server_keys(s);
    size_t result = keys ? keys->count : 0;
    keyring_unref(keys);
    return result;
}

static void give_key(sally_server *s, const char *type)
{
    sally_key *key;
    assert_int_equal(sally_key_generate(&key, type, 2048), SALLY_E_OK);
    assert_int_equal(sally_server_add_host_key(s, key), SALLY_E_OK);
    sally_key_unref(key);
}

static void three_keys_are_made(void **state)
{
    (void)state;
    sally_server *s = bare_server();
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_true(has(s, "ssh-ed25519") && has(s, "ecdsa-sha2-nistp256"));
    for (int i = 0; i < 6000 && !has(s, "ssh-rsa"); i++)
        nap(10);
    assert_true(has(s, "ssh-rsa"));
    assert_int_equal(count(s), 3);
    finish(s);
}

/* Nothing waits for the RSA key, neither the start nor the end. */
static void the_end_breaks_it_off(void **state)
{
    (void)state;
    atomic_bool stop;
    atomic_init(&stop, true);
    sally_key *key;
    assert_int_equal(key_generate_until(&key, "rsa", 16384, &stop), SALLY_E_CLOSED);
    assert_null(key);
    for (int i = 0; i < 5; i++) {
        sally_server *s = bare_server();
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        finish(s);
    }
}

static void none_is_made_beside_those_given(void **state)
{
    (void)state;
    sally_server *s = bare_server();
    give_key(s, "ecdsa-nistp384");
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_int_equal(count(s), 1);
    assert_false(s->generated_keys.has_thread);
    finish(s);
}

/* A program that pumps may have no threads. */
static void a_pumped_server_has_two(void **state)
{
    (void)state;
    sally_server *s = bare_server();
    assert_int_equal(sally_server_poll(s, 0), 1);
    assert_int_equal(count(s), 2);
    assert_false(s->generated_keys.has_thread);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void an_rsa_key_that_is_all_is_waited_for(void **state)
{
    (void)state;
    sally_server *s = bare_server();
    assert_int_equal(sally_server_set(s, "ssh.host_key_algorithms", "rsa-sha2-512"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_true(has(s, "ssh-rsa"));
    finish(s);
}

static void lists_that_leave_no_key_are_refused(void **state)
{
    (void)state;
    sally_server *s = bare_server();
    give_key(s, "ed25519");
    assert_int_equal(sally_server_set(s, "ssh.host_key_algorithms", "-ssh-ed25519"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_RANGE);
    assert_non_null(strstr(sally_server_error(s), "ssh.host_key_algorithms"));
    assert_non_null(strstr(sally_server_error(s), "ssh-ed25519"));
    assert_int_equal(sally_server_poll(s, 0), SALLY_E_RANGE);
    assert_int_equal(sally_server_set(s, "ssh.host_key_algorithms", "ssh-ed25519"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "ssh.host_key_algorithms", "ecdsa-sha2-nistp256"),
                     SALLY_E_RANGE);
    assert_non_null(strstr(sally_server_error(s), "ssh.host_key_algorithms"));
    char value[256];
    assert_int_equal(sally_server_get(s, "ssh.host_key_algorithms", value, sizeof value),
                     SALLY_E_OK);
    assert_string_equal(value, "ssh-ed25519");
    give_key(s, "ecdsa-nistp256");
    assert_int_equal(sally_server_set(s, "ssh.host_key_algorithms", "ecdsa-sha2-nistp256"),
                     SALLY_E_OK);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_keys_are_made),
        cmocka_unit_test(the_end_breaks_it_off),
        cmocka_unit_test(none_is_made_beside_those_given),
        cmocka_unit_test(a_pumped_server_has_two),
        cmocka_unit_test(an_rsa_key_that_is_all_is_waited_for),
        cmocka_unit_test(lists_that_leave_no_key_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
