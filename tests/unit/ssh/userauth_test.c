/* User authentication, the server's side: what the owner is asked, what its answers do, and what
 * never reaches it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/auth.h"
#include "ssh/transport.h"
#include "ssh/userauth.h"
#include "userauth_fixture.h"

/* ---- The service ---- */

static void grants_the_service_and_no_other(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room;
    auth_begin(&f, auth_rejects);
    bare_start(&f.b, AWAIT_SERVICE);
    put_text(payload(&room, SSH_MSG_SERVICE_REQUEST), "ssh-userauth");
    auth_feed(&f, &room);
    struct slice sent = bare_sent(&f.b);
    assert_int_equal(sent.data[0], SSH_MSG_SERVICE_ACCEPT);
    assert_int_equal(f.b.ssh->state, AWAIT_AUTH);
    put_text(payload(&room, SSH_MSG_SERVICE_REQUEST), "ssh-userauth"); /* once more is fine */
    auth_feed(&f, &room);
    assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_SERVICE_ACCEPT);
    put_text(payload(&room, SSH_MSG_SERVICE_REQUEST), "ssh-connection");
    auth_feed(&f, &room);
    auth_expect_end(&f, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, SSH_END_PROTOCOL);
    auth_finish(&f);
}

static void refuses_requests_for_another_service(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room;
    auth_ready(&f, auth_accepts);
    struct buf *m = payload(&room, SSH_MSG_USERAUTH_REQUEST);
    put_text(m, "joe");
    put_text(m, "ssh-shell");
    put_text(m, "none");
    auth_feed(&f, m);
    auth_expect_end(&f, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, SSH_END_PROTOCOL);
    assert_int_equal(f.o.asked, 0);
    auth_finish(&f);
}

/* ---- Single methods ---- */

static void none_tells_the_methods(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, auth_rejects);
    for (int i = 0; i < 10; i++) { /* does not count */
        auth_try_none(&f, "joe");
        auth_expect_failure(&f, METHODS, false);
    }
    assert_false(ssh_is_over(f.b.ssh));
    auth_finish(&f);
}

static void none_may_be_enough(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, auth_accepts);
    auth_try_none(&f, "anonymous");
    auth_expect_success(&f);
    auth_finish(&f);
}

static void password_right_and_wrong(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, auth_checks);
    f.o.right_password = "right";
    auth_try_password(&f, "joe", "wrong");
    auth_expect_failure(&f, METHODS, false);
    auth_try_password(&f, "joe", "");
    auth_expect_failure(&f, METHODS, false);
    auth_try_password(&f, "joe", "right");
    auth_expect_success(&f);
    assert_string_equal(f.o.log,
                        "password joe#1 wrong:0;password joe#2 :0;password joe#3 right:0;");
    auth_finish(&f);
}

static char seen_new[32];

static void notes_new(struct auth_owner *o, struct login_query *query)
{
    (void)o;
    strncpy(seen_new, query->pub.new_password ? query->pub.new_password : "(none)",
            sizeof seen_new - 1);
    query->answers->accept(query);
}

static void password_change_brings_both(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room, *m;
    auth_ready(&f, notes_new);
    m = auth_request(&room, "joe", "password");
    put_bool(m, true);
    put_text(m, "old");
    put_text(m, "new");
    auth_feed(&f, m);
    assert_string_equal(f.o.log, "password joe#1 old:0;");
    assert_string_equal(seen_new, "new");
    auth_finish(&f);
}

static void password_is_wiped_from_what_was_received(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room, *m;
    auth_ready(&f, auth_rejects);
    m = auth_request(&room, "joe", "password");
    put_bool(m, false);
    put_text(m, "hunter2");
    struct slice whole = buf_slice(m);
    struct cursor c = cursor_of(whole.data + 1, whole.size - 1);
    assert_true(on_userauth_request(f.b.ssh, &c));
    assert_memory_equal(whole.data + whole.size - 7, "\0\0\0\0\0\0\0", 7);
    buf_clear(m);
    auth_finish(&f);
}

static void unfit_passwords_are_not_asked_about(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room, *m;
    static const uint8_t long_one[4097];
    auth_ready(&f, auth_accepts);
    m = auth_request(&room, "joe", "password");
    put_bool(m, false);
    put_string(m, "se\0cret", 7);
    auth_feed(&f, m);
    auth_expect_failure(&f, METHODS, false);
    m = auth_request(&room, "joe", "password");
    put_bool(m, false);
    put_string(m, long_one, sizeof long_one);
    auth_feed(&f, m);
    auth_expect_failure(&f, METHODS, false);
    m = auth_request(&room, "joe", "password");
    put_bool(m, true);
    put_text(m, "old");
    put_string(m, "ne\0w", 4);
    auth_feed(&f, m);
    auth_expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    assert_int_equal(f.o.refused, 3);
    assert_int_equal(f.o.refused_method, SALLY_AUTH_PASSWORD);
    assert_string_equal(f.o.refused_name, "password");
    assert_string_equal(f.o.refused_user, "joe");
    auth_finish(&f);
}

static void unfit_names_are_not_asked_about(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf room, *m;
    static const char long_one[1025];
    auth_ready(&f, auth_accepts);
    m = payload(&room, SSH_MSG_USERAUTH_REQUEST);
    put_string(m, "root\0joe", 8);
    put_text(m, "ssh-connection");
    put_text(m, "none");
    auth_feed(&f, m);
    auth_expect_failure(&f, METHODS, false);
    assert_string_equal(f.o.refused_user, "root?joe");
    m = payload(&room, SSH_MSG_USERAUTH_REQUEST);
    put_string(m, long_one, sizeof long_one);
    put_text(m, "ssh-connection");
    put_text(m, "none");
    auth_feed(&f, m);
    auth_expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    assert_int_equal(f.o.refused, 2);
    assert_int_equal(strlen(f.o.refused_user), AUTH_USER_MAX);
    auth_try_none(&f, ""); /* an empty one is a name */
    assert_int_equal(f.o.asked, 1);
    auth_finish(&f);
}

static void other_methods_fail(void **state)
{
    (void)state;
    static const char *const names[] = {"hostbased", "gssapi-with-mic", "", "NONE", "none\n"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct auth_fixture f;
        struct buf room;
        auth_ready(&f, auth_accepts);
        auth_feed(&f, auth_request(&room, "joe", names[i]));
        auth_expect_failure(&f, METHODS, false);
        assert_int_equal(f.o.asked, 0);
        assert_int_equal(f.o.refused, 1);
        assert_int_equal(f.o.refused_method, 0);
        assert_string_equal(f.o.refused_name, i < 4 ? names[i] : "none?");
        auth_finish(&f);
    }
}

static void every_cut_of_a_request_is_malformed(void **state)
{
    (void)state;
    struct buf room, *m = auth_request(&room, "joe", "password");
    put_bool(m, true);
    put_text(m, "old");
    put_text(m, "new");
    struct slice whole = buf_slice(m);
    for (size_t size = 1; size < whole.size; size++) {
        struct auth_fixture f;
        auth_ready(&f, auth_accepts);
        bare_feed(&f.b, (struct slice){whole.data, size});
        auth_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
        assert_int_equal(f.o.asked, 0);
        auth_finish(&f);
    }
    struct auth_fixture f;
    auth_ready(&f, auth_accepts);
    put_u8(m, 0); /* one byte too many */
    auth_feed(&f, m);
    auth_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
    auth_finish(&f);
}

static void requests_after_the_success_are_ignored(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, auth_accepts);
    auth_try_none(&f, "joe");
    auth_expect_success(&f);
    bare_sent_number(&f.b, 0); /* what follows a login */
    auth_try_password(&f, "root", "x");
    assert_int_equal(bare_sent(&f.b).size, 0);
    assert_int_equal(f.o.asked, 1);
    assert_false(ssh_is_over(f.b.ssh));
    auth_finish(&f);
}

/* ---- Banners ---- */

static void greets(struct auth_owner *o, struct login_query *query)
{
    (void)o;
    query->answers->banner(query, "");
    query->answers->banner(query, "Your password\x1b[8m is old.");
    query->answers->reject(query, METHOD_BITS);
}

static void expect_banner(struct auth_fixture *f, const char *text)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_USERAUTH_BANNER);
    assert_true(slice_is(get_string(&c), text));
    assert_true(slice_is(get_string(&c), ""));
    assert_true(cursor_done(&c));
}

static void banners_come_before_the_answer(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_begin(&f, greets);
    f.b.options.settings.fixed.banner = "Be\ngood\r\nh\xff\xc2\x9bre\n";
    auth_start(&f);
    auth_try_none(&f, "joe");
    expect_banner(&f, "Be\r\ngood\r\nh??re\r\n");
    expect_banner(&f, "Your password?[8m is old.");
    auth_expect_failure(&f, METHODS, false);
    auth_try_none(&f, "joe"); /* the general one comes once */
    expect_banner(&f, "Your password?[8m is old.");
    auth_expect_failure(&f, METHODS, false);
    auth_finish(&f);
}

/* ---- Attempts ---- */

static void too_many_failures_end_it(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_begin(&f, auth_rejects);
    f.b.options.max_auth_attempts = 3;
    auth_start(&f);
    auth_try_none(&f, "joe");
    auth_expect_failure(&f, METHODS, false);
    auth_try_password(&f, "joe", "1");
    auth_expect_failure(&f, METHODS, false);
    auth_try_password(&f, "jim", "2"); /* another name is no way out */
    auth_expect_failure(&f, METHODS, false);
    auth_try_password(&f, "joe", "3");
    auth_expect_end(&f, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, SSH_END_AUTH);
    auth_finish(&f);
}

static void requests_that_do_not_count_are_bounded_too(void **state)
{
    (void)state;
    struct auth_fixture f;
    auth_ready(&f, auth_rejects);
    unsigned i;
    for (i = 0; i < 1000 && !ssh_is_over(f.b.ssh); i++)
        auth_try_none(&f, i % 2 ? "joe" : "jim");
    assert_true(i < 100);
    assert_int_equal(f.o.end, SSH_END_AUTH);
    auth_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grants_the_service_and_no_other),
        cmocka_unit_test(refuses_requests_for_another_service),
        cmocka_unit_test(none_tells_the_methods),
        cmocka_unit_test(none_may_be_enough),
        cmocka_unit_test(password_right_and_wrong),
        cmocka_unit_test(password_change_brings_both),
        cmocka_unit_test(password_is_wiped_from_what_was_received),
        cmocka_unit_test(unfit_passwords_are_not_asked_about),
        cmocka_unit_test(unfit_names_are_not_asked_about),
        cmocka_unit_test(other_methods_fail),
        cmocka_unit_test(every_cut_of_a_request_is_malformed),
        cmocka_unit_test(requests_after_the_success_are_ignored),
        cmocka_unit_test(banners_come_before_the_answer),
        cmocka_unit_test(too_many_failures_end_it),
        cmocka_unit_test(requests_that_do_not_count_are_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
