/* What an authenticator is asked, and what its answers do. */
#include "ssh/userauth_query.h"

#include "cmocka_all.h"

#include "base/mem.h"
#include "ssh/transport.h"
#include "userauth_fixture.h"

/* ---- Queries ---- */

static const sally_auth_request *asked(struct auth_fixture *f, uint32_t method)
{
    assert_non_null(f->o.pending);
    const sally_auth_request *pub = &f->o.pending->pub;
    assert_int_equal(pub->method, method);
    assert_int_equal(pub->attempt, 1);
    assert_string_equal(pub->user, "joe");
    assert_null(pub->peer); /* an engine knows neither */
    assert_null(pub->state);
    assert_string_equal(pub->service, "ssh-connection");
    assert_int_equal(pub->submethods != NULL,
                     method == SALLY_AUTH_KEYBOARD_INTERACTIVE && pub->round == 0);
    assert_int_equal(pub->reserved, 0);
    for (size_t i = 0; i < COUNT_OF(pub->reserved2); i++)
        assert_int_equal(pub->reserved2[i], 0);
    assert_int_equal(pub->password != NULL, method == SALLY_AUTH_PASSWORD);
    assert_int_equal(pub->key_blob != NULL, method == SALLY_AUTH_PUBLICKEY);
    assert_int_equal(pub->key_fingerprint != NULL, method == SALLY_AUTH_PUBLICKEY);
    return pub;
}

static void reject_pending(struct auth_fixture *f)
{
    struct login_query *query = f->o.pending;
    f->o.pending = NULL;
    query->answers->reject(query, METHOD_BITS);
    while (bare_sent(&f->b).size)
        ;
}

static void passwords_are_told(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room, *m;
    auth_ready(&f, auth_waits);
    m = auth_request(&room, "joe", "password");
    put_bool(m, true);
    put_text(m, "old");
    put_text(m, "new");
    auth_feed(&f, m);
    const sally_auth_request *pub = asked(&f, SALLY_AUTH_PASSWORD);
    assert_string_equal(pub->password, "old");
    assert_string_equal(pub->new_password, "new");
    assert_false(f.o.pending->may_try);
    reject_pending(&f);
    auth_finish(&f);
}

static void put_query(struct auth_fixture *f, const sally_key *key)
{
    struct buf room, *m = auth_request(&room, "joe", "publickey");
    put_bool(m, false);
    put_text(m, "rsa-sha2-256");
    put_slice(m, key_blob(key));
    auth_feed(f, m);
}

static void keys_are_told_by_their_type(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key;
    assert_int_equal(sally_key_generate(&key, "rsa", 2048), SALLY_E_OK);
    auth_ready(&f, auth_waits);
    put_query(&f, key);
    const sally_auth_request *pub = asked(&f, SALLY_AUTH_PUBLICKEY);
    assert_true(f.o.pending->may_try);
    assert_string_equal(pub->key_type, "ssh-rsa");
    assert_string_equal(pub->signature_algorithm, "rsa-sha2-256");
    assert_int_equal(pub->key_blob_size, key_blob(key).size);
    assert_memory_equal(pub->key_blob, key_blob(key).data, pub->key_blob_size);
    assert_memory_equal(pub->key_fingerprint, "SHA256:", 7);
    reject_pending(&f);
    auth_finish(&f);
    sally_key_unref(key);
}

static void hints_of_how_to_ask_are_told(void **state)
{
    (void)state;
    static const char long_one[1025] = "x";
    static const struct {
        struct slice said;
        const char *told;
    } cases[] = {
        {{(const uint8_t *)"", 0}, ""},
        {{(const uint8_t *)"pam,otp", 7}, "pam,otp"},
        {{(const uint8_t *)"o\0tp", 4}, ""},
        {{(const uint8_t *)long_one, sizeof long_one}, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct auth_fixture f;
        struct buf room, *m = auth_request(&room, "joe", "keyboard-interactive");
        auth_ready(&f, auth_waits);
        put_text(m, "");
        put_slice(m, cases[i].said);
        auth_feed(&f, m);
        assert_string_equal(asked(&f, SALLY_AUTH_KEYBOARD_INTERACTIVE)->submethods, cases[i].told);
        reject_pending(&f);
        auth_finish(&f);
    }
}

static void answers_are_told_by_their_round(void **state)
{
    (void)state;
    static const struct login_prompt prompts[] = {{"One: ", false}, {"Two: ", true}};
    struct auth_fixture f;
    auth_ready(&f, auth_waits);
    auth_try_interactive(&f, "joe");
    const sally_auth_request *pub = asked(&f, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    assert_int_equal(pub->round, 0);
    assert_int_equal(pub->answer_count, 0);
    struct login_query *query = f.o.pending;
    f.o.pending = NULL;
    query->answers->prompt(query, NULL, NULL, prompts, 2);
    auth_answer(&f, 2, "yes");
    pub = asked(&f, SALLY_AUTH_KEYBOARD_INTERACTIVE); /* a round is no attempt of its own */
    assert_int_equal(pub->round, 1);
    assert_int_equal(pub->answer_count, 2);
    assert_string_equal(pub->answers[0], "yes");
    assert_string_equal(pub->answers[1], "yes");
    reject_pending(&f);
    auth_finish(&f);
}

static void without_an_owner_nobody_gets_in(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_begin(&f, auth_accepts);
    f.b.events.login = NULL;
    auth_start(&f);
    auth_try_password(&f, "joe", "x");
    auth_expect_failure(&f, "", false);
    assert_false(ssh_input_is_paused(f.b.ssh));
    auth_finish(&f);
}

/* ---- Answers ---- */

static void wants_both(struct auth_owner *o, struct login_query *query)
{
    (void)o;
    if (query->pub.method == SALLY_AUTH_NONE)
        query->answers->reject(query, SALLY_AUTH_PASSWORD);
    else if (query->pub.method == SALLY_AUTH_PASSWORD)
        query->answers->partial(query, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    else if (query->pub.succeeded & SALLY_AUTH_PASSWORD)
        query->answers->accept(query);
    else
        query->answers->reject(query, SALLY_AUTH_PASSWORD);
}

static void partial_successes_add_up(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, wants_both);
    auth_try_none(&f, "joe");
    auth_expect_failure(&f, "password", false);
    auth_try_interactive(&f, "joe");
    auth_expect_failure(&f, "password", false);
    auth_try_password(&f, "joe", "x");
    auth_expect_failure(&f, "keyboard-interactive", true);
    auth_try_interactive(&f, "joe");
    auth_expect_success(&f);
    assert_string_equal(f.o.log,
                        "none joe#1:0;interactive joe#1:0;password joe#2 x:0;interactive joe#3:2;");
    auth_finish(&f);
}

static void another_user_starts_from_nothing(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, wants_both);
    auth_try_none(&f, "joe");
    auth_expect_failure(&f, "password", false);
    auth_try_password(&f, "joe", "x");
    auth_expect_failure(&f, "keyboard-interactive", true);
    auth_try_interactive(&f, "root");
    auth_expect_failure(&f, "password", false);
    auth_try_interactive(&f, "joe"); /* and back: what joe had reached is gone */
    auth_expect_failure(&f, "password", false);
    assert_int_equal(f.o.logged_in, 0);
    assert_string_equal(f.o.log, "none joe#1:0;password joe#1 x:0;interactive root#2 changed:0;"
                                 "interactive joe#3 changed:0;");
    auth_finish(&f);
}

/* The name changes in a request that never reaches the owner, and changes back. */
static void another_user_in_between_counts_as_a_change(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room, *m;
    auth_ready(&f, wants_both);
    auth_try_password(&f, "joe", "x");
    auth_expect_failure(&f, "keyboard-interactive", true);
    auth_feed(&f, auth_request(&room, "root", "hostbased"));
    bare_sent(&f.b);
    auth_try_interactive(&f, "joe");
    auth_expect_failure(&f, "password", false);
    auth_try_password(&f, "joe", "x");
    auth_expect_failure(&f, "keyboard-interactive", true);
    m = payload(&room, SSH_MSG_USERAUTH_REQUEST); /* the same with a name that cannot be one */
    put_string(m, "jo\0e", 4);
    put_text(m, "ssh-connection");
    put_text(m, "none");
    auth_feed(&f, m);
    bare_sent(&f.b);
    auth_try_interactive(&f, "joe");
    auth_expect_failure(&f, "password", false);
    assert_string_equal(f.o.log,
                        "password joe#1 x:0;interactive joe#3 changed:0;password joe#4 x:0;"
                        "interactive joe#6 changed:0;");
    assert_int_equal(f.o.refused, 2);
    auth_finish(&f);
}

static void content_with_anything(struct auth_owner *o, struct login_query *query)
{
    (void)o;
    query->answers->partial(query, SALLY_AUTH_PASSWORD);
}

static void a_key_that_may_be_tried_proves_nothing(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key;
    assert_int_equal(sally_key_generate(&key, "rsa", 2048), SALLY_E_OK);
    auth_ready(&f, content_with_anything);
    put_query(&f, key);
    auth_expect_failure(&f, "password", false);
    assert_int_equal(f.b.ssh->userauth->succeeded, 0);
    auth_finish(&f);
    sally_key_unref(key);
}

/* ---- Late answers ---- */

static void no_input_while_a_query_is_out(void **state)
{
    (void)state;
    struct auth_fixture f;
    uint8_t *room;
    auth_ready(&f, auth_waits);
    auth_try_none(&f, "joe");
    assert_true(ssh_input_is_paused(f.b.ssh));
    assert_int_equal(ssh_input_room(f.b.ssh, &room), 0);
    f.o.pending->answers->accept(f.o.pending);
    assert_false(ssh_input_is_paused(f.b.ssh));
    assert_true(ssh_input_room(f.b.ssh, &room) > 0);
    auth_expect_success(&f);
    auth_finish(&f);
}

static void every_answer_may_come_after_the_end(void **state)
{
    (void)state;
    static const struct login_prompt prompt = {"?", false};
    for (int freed = 0; freed < 2; freed++) {
        for (int i = 0; i < 5; i++) {
            struct auth_fixture f;
            auth_ready(&f, auth_waits);
            auth_try_interactive(&f, "joe");
            ssh_disconnect(f.b.ssh, "enough");
            if (freed)
                auth_finish(&f);
            if (freed)
                assert_null(CONTAINER_OF(f.o.pending, struct auth_query, login)->ssh);
            f.o.pending->answers->banner(f.o.pending, "too late");
            if (i == 0)
                f.o.pending->answers->accept(f.o.pending);
            else if (i == 1)
                f.o.pending->answers->reject(f.o.pending, METHOD_BITS);
            else if (i == 2)
                f.o.pending->answers->partial(f.o.pending, METHOD_BITS);
            else
                f.o.pending->answers->prompt(f.o.pending, NULL, NULL, &prompt, i == 3);
            assert_int_equal(f.o.logged_in, 0);
            if (!freed)
                auth_finish(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_are_told),
        cmocka_unit_test(keys_are_told_by_their_type),
        cmocka_unit_test(hints_of_how_to_ask_are_told),
        cmocka_unit_test(answers_are_told_by_their_round),
        cmocka_unit_test(without_an_owner_nobody_gets_in),
        cmocka_unit_test(partial_successes_add_up),
        cmocka_unit_test(another_user_starts_from_nothing),
        cmocka_unit_test(another_user_in_between_counts_as_a_change),
        cmocka_unit_test(a_key_that_may_be_tried_proves_nothing),
        cmocka_unit_test(no_input_while_a_query_is_out),
        cmocka_unit_test(every_answer_may_come_after_the_end),
    };
    return cmocka_run_group_tests_name("ssh/userauth_query", tests, NULL, NULL);
}
