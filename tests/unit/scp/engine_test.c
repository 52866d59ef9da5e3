#include "cmocka_all.h"

#include "alloc_failure.h"
#include "base/mem.h"
#include "scp/client.h"
#include "scp/engine.h"

static const char tree_in[] = "T1 0 2 0\nD0755 0 d\nC0644 5 f\nhello\0E\nC0644 1 g\nx\0";
static const char zeros[32];

static const struct {
    const char *command;
    const char *in;
    size_t size;
} sessions[] = {
    {"scp -r -p -t /many", tree_in, sizeof tree_in - 1},
    {"scp -r -p -f /home hello /h*/*/h*", zeros, sizeof zeros},
    {"md5sum hello /missing", NULL, 0},
    {"md5sum", NULL, 0},
    {"df -k / /h*", NULL, 0},
    {"uname", NULL, 0},
    {"scp -t a;id", NULL, 0},
};

static void refusals_are_told(void **state)
{
    (void)state;
    check_error(&(struct exchange){"uname -a", TEXT("x"), TEXT(""), 127, NULL, NULL},
                "This service allows sftp and scp only.\n");
    check(&(struct exchange){"scp -t", TEXT(""), TEXT("\2scp: exactly one target is required\n"), 1,
                             NULL, NULL});
    check(&(struct exchange){"scp -t ~root", TEXT(""),
                             TEXT("\2scp: home directories of other users are not available\n"), 1,
                             NULL, NULL});
}

static void the_protocol_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sessions); i++) {
        struct client c;
        client_init(&c, 0);
        assert_true(client_start(&c, sessions[i].command));
        bool is_command = i >= 2 && i <= 4;
        assert_string_equal(sally_session_protocol(c.engine->session), is_command ? "exec" : "scp");
        client_eof(&c);
        client_pump(&c);
        client_clear(&c);
    }
}

static const uint32_t needed[SALLY_OP_KINDS] = {
#define NEEDED(name, value, slot, permission) [value] = (permission),
    SALLY_OP_MAP(NEEDED)
#undef NEEDED
};

static void expect_only_allowed(struct client *c)
{
    for (uint32_t kind = 0; kind < SALLY_OP_KINDS; kind++)
        if (needed[kind] & ~c->permissions && c->store.calls[kind])
            fail_msg("%s reached the storage", sally_op_kind_name(kind));
    const uint32_t to_change = SALLY_MAY_WRITE | SALLY_MAY_CREATE;
    if ((c->permissions & (SALLY_MAY_READ | to_change)) == 0)
        assert_int_equal(c->store.calls[SALLY_OP_OPEN], 0);
    if ((c->permissions & to_change) != to_change)
        assert_null(store_find(&c->store, "/many/g"));
}

/* Each of them taken away, and all but each. */
static void without_a_permission_nothing_reaches_the_storage(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sessions); i++) {
        for (uint32_t bit = 0; bit < 64; bit++) {
            uint32_t one = UINT32_C(1) << bit % 32;
            struct client c;
            client_init(&c, 0);
            c.permissions = bit < 32 ? SALLY_MAY_ALL & ~one : SALLY_MAY_ALL & one;
            assert_true(client_start(&c, sessions[i].command));
            client_say(&c, sessions[i].in, sessions[i].size);
            client_eof(&c);
            assert_true(c.finished);
            expect_only_allowed(&c);
            client_clear(&c);
        }
    }
}

/* Whatever fails, nothing is lost, and nothing half done is called good. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sessions); i++) {
        for (unsigned nth = 1;; nth++) {
            struct client c;
            client_init(&c, nth % 2 ? RUN_HOLD : 0);
            assert_non_null(buf_reserve(&c.out, 64 * 1024));
            assert_non_null(buf_reserve(&c.err, 1024));
            alloc_fail_at(nth);
            if (client_start(&c, sessions[i].command)) {
                scp_input(c.engine, (const uint8_t *)sessions[i].in, sessions[i].size);
                client_pump(&c);
                client_eof(&c);
                assert_true(c.finished);
                assert_int_equal(c.credit, sessions[i].size);
            } else {
                c.session_gone = true;
            }
            bool struck = alloc_failed();
            alloc_fail_at(0);
            client_clear(&c);
            if (!struck)
                break;
        }
    }
}

/* The channel goes away at any moment. */
static void it_can_be_closed_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sessions); i++) {
        for (uint32_t how = 0; how < RUN_HOWS; how++) {
            for (size_t cut = 0; cut <= sessions[i].size; cut++) {
                struct client c;
                client_init(&c, how);
                assert_true(client_start(&c, sessions[i].command));
                client_say(&c, sessions[i].in, cut);
                scp_input(c.engine, (const uint8_t *)sessions[i].in + cut, sessions[i].size - cut);
                client_clear(&c);
            }
        }
    }
}

static void it_can_be_closed_inside_its_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sessions); i++) {
        for (uint32_t how = 0; how < RUN_HOWS * 3; how++) {
            struct client c;
            client_init(&c, how % RUN_HOWS);
            c.close_on_send = how / RUN_HOWS == 0;
            c.close_on_credit = how / RUN_HOWS == 1;
            c.close_on_end = how / RUN_HOWS == 2;
            assert_true(client_start(&c, sessions[i].command));
            client_say(&c, sessions[i].in, sessions[i].size);
            client_eof(&c);
            client_clear(&c);
        }
    }
}

/* Who reads no answers gets no more work done. */
static void unread_answers_hold_it_back(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, RUN_HOLD);
    assert_true(client_start(&c, "scp -t /f"));
    for (int i = 0; i < 20000; i++)
        scp_input(c.engine, (const uint8_t *)"C0644 0 f\n\0", 11);
    assert_true(c.most_held < 64 * 1024);
    assert_true(c.credit < c.sent + 20000 * 11);
    client_eof(&c);
    assert_int_equal(c.status, 0);
    assert_int_equal(c.out.size, 40001);
    assert_int_equal(c.credit, 20000 * 11);
    client_clear(&c);
}

static void fail_start(struct client *c)
{
    c->store.fail = SALLY_FAILURE;
    c->store.fail_kinds = SALLY_OP_BIT(SALLY_OP_SESSION_START);
}

static void a_storage_may_refuse_the_session(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -t f", TEXT(""), TEXT("\1Failure\n"), 1, fail_start, NULL});
    check_error(&(struct exchange){"md5sum f", TEXT(""), TEXT(""), 1, fail_start, NULL},
                "Failure\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_told),
        cmocka_unit_test(the_protocol_is_told),
        cmocka_unit_test(without_a_permission_nothing_reaches_the_storage),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(it_can_be_closed_at_any_time),
        cmocka_unit_test(it_can_be_closed_inside_its_events),
        cmocka_unit_test(unread_answers_hold_it_back),
        cmocka_unit_test(a_storage_may_refuse_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
