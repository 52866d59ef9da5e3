/* keyboard-interactive, the server's side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/auth.h"
#include "userauth_fixture.h"

static void expect_prompts(struct auth_fixture *f, uint32_t count)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_USERAUTH_INFO_REQUEST);
    assert_true(slice_is(get_string(&c), "Name"));
    assert_true(slice_is(get_string(&c), "Instruction"));
    assert_true(slice_is(get_string(&c), ""));
    assert_int_equal(get_u32(&c), count);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(slice_is(get_string(&c), i == 0 ? "Password: " : i == 1 ? "Code: " : "More: "));
        assert_int_equal(get_bool(&c), i == 1);
    }
    assert_true(cursor_done(&c));
}

static void interactive_goes_round_by_round(void **state)
{
    (void)state;
    static const unsigned counts[] = {0, 1, 2, 64};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct auth_fixture f;
        auth_ready(&f, auth_converses);
        f.o.prompts = counts[i];
        f.o.rounds = 3;
        auth_try_interactive(&f, "joe");
        for (int round = 0; round < 3; round++) {
            expect_prompts(&f, counts[i]);
            auth_answer(&f, counts[i], "a");
        }
        auth_expect_success(&f);
        assert_int_equal(f.o.by_kind[ASKED_INTERACTIVE], 4);
        auth_finish(&f);
    }
}

static void interactive_wants_as_many_answers(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 3, 65};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct auth_fixture f;
        auth_ready(&f, auth_converses);
        f.o.prompts = 2;
        f.o.rounds = 1;
        auth_try_interactive(&f, "joe");
        expect_prompts(&f, 2);
        auth_answer(&f, counts[i], "a");
        auth_expect_failure(&f, METHODS, false);
        assert_int_equal(f.o.asked, 1);
        assert_int_equal(f.o.refused, 1);
        assert_string_equal(f.o.refused_name, "keyboard-interactive");
        auth_answer(&f, 2, "a"); /* no one waits for them any longer */
        auth_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
        auth_finish(&f);
    }
}

static void interactive_answers_that_were_not_asked_for(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, auth_converses);
    auth_answer(&f, 0, "");
    auth_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
    auth_finish(&f);

    auth_ready(&f, auth_converses);
    f.o.prompts = f.o.rounds = 1;
    auth_try_interactive(&f, "joe");
    expect_prompts(&f, 1);
    auth_try_none(&f, "joe"); /* leaves the conversation */
    auth_expect_failure(&f, "keyboard-interactive", false);
    auth_answer(&f, 1, "a");
    auth_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
    assert_int_equal(f.o.logged_in, 0);
    auth_finish(&f);
}

static void interactive_bounds_answers(void **state)
{
    (void)state;
    static uint8_t long_one[4097];
    struct auth_fixture f;
    struct buf room, *m;
    memset(long_one, 'x', sizeof long_one);
    for (int i = 0; i < 3; i++) {
        auth_ready(&f, auth_converses);
        f.o.prompts = f.o.rounds = 1;
        auth_try_interactive(&f, "joe");
        expect_prompts(&f, 1);
        m = payload(&room, SSH_MSG_USERAUTH_INFO_RESPONSE);
        put_u32(m, 1);
        if (i == 0)
            put_string(m, long_one, sizeof long_one);
        else if (i == 1)
            put_string(m, "a\0b", 3);
        else
            put_u32(m, UINT32_MAX); /* longer than the message */
        auth_feed(&f, m);
        if (i < 2)
            auth_expect_failure(&f, METHODS, false);
        else
            auth_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
        assert_int_equal(f.o.asked, 1);
        assert_int_equal(f.o.refused, i < 2);
        auth_finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interactive_goes_round_by_round),
        cmocka_unit_test(interactive_wants_as_many_answers),
        cmocka_unit_test(interactive_answers_that_were_not_asked_for),
        cmocka_unit_test(interactive_bounds_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
