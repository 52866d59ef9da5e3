/* The client's logins of every kind, and with them both sides' plain way through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pair_services.h"

static void logs_in_with_a_password(void **state)
{
    (void)state;
    struct duo d;
    duo_prepare(&d);
    duo_log_in(&d);
    assert_true(ssh_is_authenticated(d.server.ssh));
    assert_true(ssh_is_authenticated(d.client.ssh));
    duo_stop(&d);
}

static void logs_in_byte_by_byte(void **state)
{
    (void)state;
    struct duo d;
    duo_prepare(&d);
    d.cut = true;
    duo_log_in(&d);
    assert_non_null(duo_open(&d, "sftp"));
    assert_false(d.server.over);
    duo_stop(&d);
}

static void log_in_with_key(const char *type, bool ask_first)
{
    struct duo d;
    sally_key *key;
    duo_prepare(&d);
    assert_int_equal(sally_key_generate(&key, type, 0), SALLY_E_OK);
    duo_start(&d);
    ssh_client_login_key(d.client.ssh, "joe", key, ask_first);
    sally_key_unref(key);
    duo_run(&d);
    assert_int_equal(d.server.logged_in, 1);
    assert_int_equal(d.client.logged_in, 1);
    duo_stop(&d);
}

static void logs_in_with_keys(void **state)
{
    (void)state;
    log_in_with_key("ed25519", false);
    log_in_with_key("ed25519", true);
    log_in_with_key("ecdsa-nistp256", true);
    log_in_with_key("rsa", true);
}

static void wrong_then_right(void *user_data, struct login_query *query)
{
    (void)user_data;
    if (query->pub.attempt < 3)
        query->answers->reject(query, SALLY_AUTH_PASSWORD);
    else
        query->answers->accept(query);
}

static void tries_again(void *user_data, struct slice methods, bool partial)
{
    struct duo_side *side = user_data;
    assert_true(slice_is(methods, "password"));
    assert_false(partial);
    ssh_client_login_password(side->ssh, "joe", "again");
}

static void clients_may_try_again(void **state)
{
    (void)state;
    struct duo d;
    duo_prepare(&d);
    d.server_events.login = wrong_then_right;
    d.client_events.auth_failed = tries_again;
    duo_log_in(&d);
    duo_stop(&d);
}

static void asks_once(void *user_data, struct login_query *query)
{
    (void)user_data;
    static const struct login_prompt prompt = {"Code: ", true};
    if (query->pub.round == 0)
        query->answers->prompt(query, "", "", &prompt, 1);
    else if (query->pub.answer_count == 1 && strcmp(query->pub.answers[0], "1234") == 0)
        query->answers->accept(query);
    else
        query->answers->reject(query, SALLY_AUTH_KEYBOARD_INTERACTIVE);
}

static void answers_once(void *user_data, struct slice request_payload)
{
    struct duo_side *side = user_data;
    const char *text = "1234";
    assert_true(request_payload.size > 0);
    ssh_client_answer(side->ssh, &text, 1);
}

static void clients_may_converse(void **state)
{
    (void)state;
    struct duo d;
    duo_prepare(&d);
    d.server_events.login = asks_once;
    d.client_events.auth_prompts = answers_once;
    duo_start(&d);
    ssh_client_login_interactive(d.client.ssh, "joe");
    duo_run(&d);
    assert_int_equal(d.server.logged_in, 1);
    assert_int_equal(d.client.logged_in, 1);
    duo_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_in_with_a_password), cmocka_unit_test(logs_in_byte_by_byte),
        cmocka_unit_test(logs_in_with_keys),       cmocka_unit_test(clients_may_try_again),
        cmocka_unit_test(clients_may_converse),
    };
    return cmocka_run_group_tests_name("ssh/client_login", tests, NULL, NULL);
}
