/* The client role, and with it both sides' plain way through: every kind of login, a channel, a
 * subsystem. */
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

struct opened {
    unsigned ok, failed, done_ok, done_failed;
};

static void note_opened(void *user_data, struct ssh_channel *channel, bool ok)
{
    (void)channel;
    struct opened *o = ((struct duo_side *)user_data)->duo->test;
    o->ok += ok;
    o->failed += !ok;
}

static void note_done(void *user_data, struct ssh_channel *channel, bool ok)
{
    (void)channel;
    struct opened *o = ((struct duo_side *)user_data)->duo->test;
    o->done_ok += ok;
    o->done_failed += !ok;
}

static bool only_sftp(void *user_data, struct ssh_channel *channel, struct slice name)
{
    (void)user_data, (void)channel;
    return slice_is(name, "sftp");
}

static void opens_channels_and_starts_subsystems(void **state)
{
    (void)state;
    struct duo d;
    struct opened o = {0};
    duo_prepare(&d);
    d.test = &o;
    d.client_options.max_channels = 20;
    d.client_events.channel_opened = note_opened;
    d.client_events.request_done = note_done;
    d.server_events.subsystem = only_sftp;
    duo_log_in(&d);
    struct ssh_channel *first = duo_open(&d, "sftp");
    assert_int_equal(o.ok, 1);
    assert_int_equal(o.done_ok, 1);
    ssh_client_subsystem(first, "sftp"); /* a second one */
    duo_run(&d);
    assert_int_equal(o.done_failed, 1);
    struct ssh_channel *second = duo_open(&d, "shell");
    assert_int_equal(o.done_failed, 2);
    ssh_client_subsystem(second, "sftp"); /* another way, after a failure */
    duo_run(&d);
    assert_int_equal(o.done_ok, 2);
    for (int i = 2; i < 12; i++)
        assert_non_null(ssh_client_open(d.client.ssh));
    duo_run(&d);
    assert_int_equal(o.ok, 10); /* the server's bound */
    assert_int_equal(o.failed, 2);
    assert_false(d.server.over || d.client.over);
    duo_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_in_with_a_password),
        cmocka_unit_test(logs_in_byte_by_byte),
        cmocka_unit_test(logs_in_with_keys),
        cmocka_unit_test(clients_may_try_again),
        cmocka_unit_test(clients_may_converse),
        cmocka_unit_test(opens_channels_and_starts_subsystems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
