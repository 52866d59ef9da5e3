#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/limits.h"

static void tallies_count_by_name(void **state)
{
    (void)state;
    struct limits *l = test_malloc(sizeof *l);
    limits_init(l);
    assert_true(tally_take(&l->users, "joe", 2));
    assert_true(tally_take(&l->users, "joe", 2));
    assert_false(tally_take(&l->users, "joe", 2));
    assert_true(tally_take(&l->users, "ann", 2));
    assert_true(tally_take(&l->users, "joe", 0)); /* no maximum */
    assert_false(tally_take(&l->users, "joe", 3));
    assert_true(tally_take(&l->users, "joe", 4)); /* the maximum was raised */
    for (int i = 0; i < 4; i++)
        tally_give(&l->users, "joe");
    tally_give(&l->users, "joe"); /* one too many changes nothing */
    assert_true(tally_take(&l->users, "joe", 1));
    char name[32];
    for (int i = 0; i < 5000; i++) { /* more than there are buckets */
        snprintf(name, sizeof name, "user%d", i);
        assert_true(tally_take(&l->users, name, 1));
        assert_false(tally_take(&l->users, name, 1));
    }
    for (int i = 0; i < 5000; i += 2) {
        snprintf(name, sizeof name, "user%d", i);
        tally_give(&l->users, name);
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "user%d", i);
        assert_int_equal(tally_take(&l->users, name, 1), i % 2 == 0);
    }
    limits_clear(l);
    test_free(l);
}

static void amounts_do_not_wrap(void **state)
{
    (void)state;
    _Atomic uint64_t count = 0;
    assert_true(count_take(&count, 10, 10));
    assert_false(count_take(&count, 1, 10));
    assert_false(count_take(&count, UINT64_MAX, 10));
    assert_false(count_take(&count, 1, 5)); /* lowered below what is taken */
    count_give(&count, 10);
    assert_false(count_take(&count, UINT64_MAX, 10));
    assert_true(count_take(&count, 10, 10));
}

static void a_refusal_leaves_nothing_counted(void **state)
{
    (void)state;
    struct limits *l = test_malloc(sizeof *l);
    limits_init(l);
    struct settings s = {
        .limits_connections = 3, .limits_unauthenticated = 2, .limits_connections_per_address = 1};
    assert_null(limits_admit(l, &s, "192.0.2.1"));
    assert_string_equal(limits_admit(l, &s, "192.0.2.1"), "limits.connections_per_address");
    assert_null(limits_admit(l, &s, "192.0.2.2"));
    assert_string_equal(limits_admit(l, &s, "192.0.2.3"), "limits.unauthenticated");
    limits_logged_in(l, "192.0.2.2");
    assert_null(limits_admit(l, &s, "")); /* no address: that limit does not apply */
    limits_logged_in(l, "");
    assert_string_equal(limits_admit(l, &s, "192.0.2.4"), "limits.connections");
    limits_left(l, "192.0.2.1");
    assert_null(limits_admit(l, &s, "192.0.2.1"));
    assert_int_equal(atomic_load(&l->connections), 3);
    assert_int_equal(atomic_load(&l->unauthenticated), 2);
    limits_clear(l);
    test_free(l);
}

static void one_address_cannot_lock_out_the_others(void **state)
{
    (void)state;
    struct limits *l = test_malloc(sizeof *l);
    limits_init(l);
    struct settings s = {.limits_unauthenticated = 10, .limits_unauthenticated_per_address = 2};
    assert_null(limits_admit(l, &s, "192.0.2.1"));
    assert_null(limits_admit(l, &s, "192.0.2.1"));
    for (int i = 0; i < 20; i++)
        assert_string_equal(limits_admit(l, &s, "192.0.2.1"), "limits.unauthenticated_per_address");
    assert_null(limits_admit(l, &s, "192.0.2.2"));
    limits_logged_in(l, "192.0.2.1");
    assert_null(limits_admit(l, &s, "192.0.2.1"));
    assert_int_equal(atomic_load(&l->connections), 4);
    assert_int_equal(atomic_load(&l->unauthenticated), 3);
    limits_clear(l);
    test_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tallies_count_by_name),
        cmocka_unit_test(amounts_do_not_wrap),
        cmocka_unit_test(a_refusal_leaves_nothing_counted),
        cmocka_unit_test(one_address_cannot_lock_out_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
