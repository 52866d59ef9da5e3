/* Accounts: of a server, two users of it, and connections of these. */
#include "cmocka_all.h"

#include "core/account.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

struct all {
    struct account server, ann, joe;
    struct local_account ann_conn, joe_conn, joe_other;
};

static void begin(struct all *a, uint64_t in_all, uint64_t per_user)
{
    *a = (struct all){.ann_conn = {.setting = "connection"},
                      .joe_conn = {.setting = "connection"},
                      .joe_other = {.setting = "connection"}};
    account_init(&a->server, NULL, "server");
    account_init(&a->ann, &a->server, "user");
    account_init(&a->joe, &a->server, "user");
    account_set_limit(&a->server, in_all);
    account_set_limit(&a->ann, per_user);
    account_set_limit(&a->joe, per_user);
    a->ann_conn.shared = &a->ann;
    a->joe_conn.shared = a->joe_other.shared = &a->joe;
}

/* Nothing is left of it. */
static void end(struct all *a)
{
    local_account_settle(&a->ann_conn);
    local_account_settle(&a->joe_conn);
    local_account_settle(&a->joe_other);
    assert_int_equal(account_used(&a->ann), 0);
    assert_int_equal(account_used(&a->joe), 0);
    assert_int_equal(account_used(&a->server), 0);
    assert_int_equal(a->ann.overdraft, 0);
    assert_int_equal(a->joe.overdraft, 0);
}

static void a_charge_goes_through_the_chain(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 10, 6);
    assert_null(account_charge(&a.joe, 6));
    assert_int_equal(account_used(&a.server), 6);
    assert_string_equal(account_charge(&a.joe, 1), "user");
    assert_string_equal(account_charge(&a.ann, 5), "server"); /* and leaves nothing behind: */
    assert_int_equal(account_used(&a.ann), 0);
    assert_null(account_charge(&a.ann, 4));
    account_release(&a.ann, 4);
    account_release(&a.joe, 6);
    end(&a);
}

static void each_level_is_named(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 20 * MIB, 10 * MIB);
    a.joe_conn.limit = 2 * MIB;
    assert_string_equal(local_account_charge(&a.joe_conn, 3 * MIB), "connection");
    assert_string_equal(a.joe_conn.refused_by, "connection");
    assert_null(local_account_charge(&a.joe_other, 10 * MIB));
    assert_string_equal(local_account_charge(&a.joe_conn, MIB), "user");
    local_account_release(&a.joe_other, 10 * MIB);
    account_set_limit(&a.server, MIB);
    local_account_settle(&a.joe_other);
    a.joe_conn.limit = 0;
    assert_string_equal(local_account_charge(&a.joe_conn, 6 * MIB), "server");
    assert_int_equal(a.joe_conn.used, 0);
    end(&a);
}

/* What goes on all the time does not reach the shared accounts. */
static void is_drawn_in_steps(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 64 * MIB, 64 * MIB);
    assert_null(local_account_charge(&a.joe_conn, 32 * KIB));
    uint64_t drawn = account_used(&a.server);
    assert_true(drawn > 32 * KIB && drawn <= 128 * KIB);
    for (int i = 0; i < 100; i++) {
        assert_null(local_account_charge(&a.joe_conn, 32 * KIB));
        assert_int_equal(account_used(&a.server), drawn);
        local_account_release(&a.joe_conn, 32 * KIB);
        assert_int_equal(account_used(&a.server), drawn);
    }
    assert_null(local_account_charge(&a.joe_conn, MIB));
    local_account_release(&a.joe_conn, MIB);
    assert_in_range(account_used(&a.server), 32 * KIB, 160 * KIB);
    local_account_settle(&a.joe_conn);
    assert_int_equal(account_used(&a.server), 32 * KIB);
    local_account_release(&a.joe_conn, 32 * KIB);
    end(&a);
}

/* One user has used up his share, then everything: the other goes on. */
static void the_limits_hold_for_who_has_used_them_up(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 8 * MIB, 4 * MIB);
    assert_null(local_account_charge(&a.joe_conn, 4 * MIB));
    assert_false(local_account_has_room(&a.joe_other, KIB));
    assert_string_equal(a.joe_other.refused_by, "user");
    assert_true(local_account_has_room(&a.ann_conn, 4 * MIB));
    assert_null(a.ann_conn.refused_by);
    assert_null(local_account_charge(&a.ann_conn, 4 * MIB));
    local_account_release(&a.joe_conn, 4 * MIB);
    local_account_release(&a.ann_conn, 4 * MIB);
    end(&a);
}

static void each_user_has_a_reserve(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 8 * MIB, 4 * MIB);
    assert_null(local_account_charge(&a.ann_conn, 4 * MIB));
    assert_null(local_account_charge(&a.joe_conn, 4 * MIB));
    while (local_account_has_reserve(&a.joe_other))
        local_account_force(&a.joe_other, 256 * KIB);
    assert_int_equal(a.joe.overdraft, 4 * MIB);
    assert_false(local_account_has_room(&a.ann_conn, 1)); /* all is used up, but: */
    assert_true(local_account_has_reserve(&a.ann_conn));
    local_account_force(&a.ann_conn, 256 * KIB);
    assert_int_equal(a.ann.overdraft, 256 * KIB);
    assert_int_equal(account_used(&a.server), 12 * MIB + 256 * KIB);
    local_account_release(&a.ann_conn, 4 * MIB + 256 * KIB);
    assert_int_equal(a.ann.overdraft, 0);
    local_account_release(&a.joe_other, 256 * KIB);
    assert_true(local_account_has_reserve(&a.joe_other)); /* is there again at once */
    local_account_release(&a.joe_other, a.joe_other.used);
    local_account_release(&a.joe_conn, 4 * MIB);
    end(&a);
}

static void each_user_has_a_minimum(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 8 * MIB, 8 * MIB);
    assert_null(local_account_charge(&a.joe_conn, 8 * MIB));
    assert_string_equal(local_account_charge(&a.joe_other, KIB), "user");
    assert_true(local_account_has_room(&a.ann_conn, 4 * MIB));
    assert_null(local_account_charge(&a.ann_conn, 4 * MIB));
    assert_false(local_account_has_room(&a.ann_conn, 1));
    assert_string_equal(local_account_charge(&a.ann_conn, 1), "server");
    local_account_release(&a.ann_conn, 4 * MIB);
    local_account_release(&a.joe_conn, 8 * MIB);
    end(&a);
}

/* No one takes what is left, if less will do. */
static void what_can_do_with_less_takes_its_part(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 32 * MIB, 32 * MIB);
    assert_string_equal(local_account_charge_part(&a.joe_conn, 3 * MIB, 8), "user");
    assert_null(a.joe_conn.refused_by); /* nothing waits for it */
    assert_null(local_account_charge_part(&a.joe_conn, 2 * MIB, 8));
    assert_string_equal(local_account_charge_part(&a.joe_conn, 2 * MIB, 8), "user");
    assert_null(local_account_charge_part(&a.joe_conn, 2 * MIB, 1));
    local_account_release(&a.joe_conn, 4 * MIB);
    end(&a);
}

/* However many there are: the other half is for what cannot do with less. */
static void what_can_do_with_less_leaves_half(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 64 * MIB, 64 * MIB);
    int count = 0;
    while (!local_account_charge_part(&a.joe_conn, MIB, 1))
        count++;
    assert_in_range(count, 30, 32);
    assert_null(local_account_charge(&a.joe_conn, 30 * MIB));
    local_account_release(&a.joe_conn, (30 + (uint64_t)count) * MIB);
    end(&a);
}

static void what_can_do_with_less_leaves_a_quarter_of_the_connection(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 1024 * MIB, 1024 * MIB);
    a.joe_conn.limit = 16 * MIB;
    int count = 0;
    while (!local_account_charge_part(&a.joe_conn, MIB, 8))
        count++;
    assert_int_equal(count, 12);
    assert_null(local_account_charge(&a.joe_conn, 4 * MIB));
    local_account_release(&a.joe_conn, 16 * MIB);
    end(&a);
}

/* Limits that no one has set follow the one above. */
static void a_user_may_have_half(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 32 * MIB, 0);
    assert_int_equal(account_limit(&a.joe), 16 * MIB);
    assert_string_equal(account_charge(&a.joe, 16 * MIB + 1), "user");
    account_set_limit(&a.server, 64 * MIB);
    assert_null(account_charge(&a.joe, 32 * MIB));
    assert_string_equal(account_charge(&a.joe, 1), "user");
    account_release(&a.joe, 32 * MIB);
    account_set_limit(&a.server, 0);
    assert_int_equal(account_limit(&a.joe), 0);
    assert_null(account_charge(&a.joe, 1024 * MIB));
    account_release(&a.joe, 1024 * MIB);
    end(&a);
}

static void releases_are_noted_for_those_who_wait(void **state)
{
    (void)state;
    struct all a;
    begin(&a, MIB, MIB);
    assert_null(local_account_charge(&a.joe_conn, MIB));
    assert_false(a.joe_conn.has_released);
    assert_false(local_account_has_room(&a.joe_conn, 1));
    assert_false(a.joe_conn.has_released);
    local_account_release(&a.joe_conn, KIB);
    assert_true(a.joe_conn.has_released);
    local_account_recall(&a.joe_conn);
    assert_null(a.joe_conn.refused_by);
    assert_true(local_account_has_room(&a.joe_conn, 1));
    local_account_release(&a.joe_conn, MIB - KIB);
    end(&a);
}

static void is_tight_when_little_is_left(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 16 * MIB, 8 * MIB);
    a.joe_conn.limit = MIB;
    assert_false(local_account_is_tight(&a.joe_conn));
    assert_null(local_account_charge(&a.joe_conn, 960 * KIB));
    assert_true(local_account_is_tight(&a.joe_conn));
    assert_false(local_account_is_tight(&a.joe_other));
    assert_null(local_account_charge(&a.joe_other, 7 * MIB));
    assert_true(local_account_is_tight(&a.joe_other));
    assert_false(local_account_is_tight(&a.ann_conn));
    assert_false(local_account_is_tight(NULL));
    local_account_release(&a.joe_other, 7 * MIB);
    local_account_release(&a.joe_conn, 960 * KIB);
    end(&a);
}

static void moves_with_a_login(void **state)
{
    (void)state;
    struct all a;
    begin(&a, 16 * MIB, 64 * KIB);
    local_account_force(&a.joe_conn, MIB); /* beyond the limit, partly by overdraft */
    local_account_move(&a.joe_conn, &a.ann);
    assert_int_equal(account_used(&a.joe), 0);
    assert_int_equal(a.joe.overdraft, 0);
    assert_int_equal(account_used(&a.ann), MIB);
    assert_int_equal(account_used(&a.server), MIB);
    uint64_t held = MIB;
    local_account_adjust(&a.joe_conn, &held, KIB);
    assert_int_equal(a.joe_conn.used, KIB);
    local_account_adjust(&a.joe_conn, &held, 0);
    end(&a);
}

static void without_accounts_there_are_no_limits(void **state)
{
    (void)state;
    struct local_account alone = {.setting = "connection"};
    assert_null(local_account_charge(&alone, UINT64_C(1) << 40));
    assert_true(local_account_has_room(&alone, UINT64_C(1) << 40));
    assert_true(local_account_has_reserve(&alone));
    local_account_release(&alone, UINT64_C(1) << 40);
    local_account_settle(&alone);
    assert_int_equal(alone.drawn, 0);
    assert_true(local_account_has_room(NULL, 1));
    assert_true(local_account_has_reserve(NULL));
    assert_int_equal(account_limit(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_goes_through_the_chain),
        cmocka_unit_test(each_level_is_named),
        cmocka_unit_test(is_drawn_in_steps),
        cmocka_unit_test(the_limits_hold_for_who_has_used_them_up),
        cmocka_unit_test(each_user_has_a_reserve),
        cmocka_unit_test(each_user_has_a_minimum),
        cmocka_unit_test(a_user_may_have_half),
        cmocka_unit_test(what_can_do_with_less_takes_its_part),
        cmocka_unit_test(what_can_do_with_less_leaves_half),
        cmocka_unit_test(what_can_do_with_less_leaves_a_quarter_of_the_connection),
        cmocka_unit_test(releases_are_noted_for_those_who_wait),
        cmocka_unit_test(is_tight_when_little_is_left),
        cmocka_unit_test(moves_with_a_login),
        cmocka_unit_test(without_accounts_there_are_no_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
