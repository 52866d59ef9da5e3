#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "server/limits.h"

static const char *admit(struct limits *l, const struct settings *s, const char *network,
                         struct live_address **address)
{
    struct live_address *unused;
    return limits_admit(l, s, network, address ? address : &unused);
}

static void a_refusal_leaves_nothing_counted(void **state)
{
    (void)state;
    struct limits *l = test_malloc(sizeof *l);
    limits_init(l);
    struct settings s = {
        .limits.connections = 3, .limits.unauthenticated = 2, .limits.connections_per_address = 1};
    struct live_address *one, *two, *none, *again;
    assert_null(admit(l, &s, "192.0.2.1", &one));
    assert_string_equal(admit(l, &s, "192.0.2.1", NULL), "limits.connections_per_address");
    assert_null(admit(l, &s, "192.0.2.2", &two));
    assert_string_equal(admit(l, &s, "192.0.2.3", NULL), "limits.unauthenticated");
    limits_logged_in(l, two);
    assert_null(admit(l, &s, "", &none)); /* no address: that limit does not apply */
    assert_null(none);
    limits_logged_in(l, none);
    assert_string_equal(admit(l, &s, "192.0.2.4", NULL), "limits.connections");
    limits_logged_in(l, one);
    limits_release(l, one);
    assert_null(admit(l, &s, "192.0.2.1", &again));
    assert_int_equal(atomic_load(&l->connections), 3);
    assert_int_equal(atomic_load(&l->unauthenticated), 1);
    limits_logged_in(l, again);
    limits_release(l, again);
    limits_release(l, two);
    limits_release(l, none);
    assert_int_equal(atomic_load(&l->connections), 0);
    assert_int_equal(atomic_load(&l->unauthenticated), 0);
    for (size_t i = 0; i < LIVE_BUCKETS; i++)
        assert_null(l->addresses.buckets[i]); /* the refused ones were released, too */
    limits_clear(l);
    test_free(l);
}

static void one_address_cannot_lock_out_the_others(void **state)
{
    (void)state;
    struct limits *l = test_malloc(sizeof *l);
    limits_init(l);
    struct settings s = {.limits.unauthenticated = 10, .limits.unauthenticated_per_address = 2};
    struct live_address *first, *second;
    assert_null(admit(l, &s, "192.0.2.1", &first));
    assert_null(admit(l, &s, "192.0.2.1", &second));
    assert_ptr_equal(first, second);
    for (int i = 0; i < 20; i++)
        assert_string_equal(admit(l, &s, "192.0.2.1", NULL), "limits.unauthenticated_per_address");
    assert_null(admit(l, &s, "192.0.2.2", NULL));
    limits_logged_in(l, first);
    assert_null(admit(l, &s, "192.0.2.1", NULL));
    assert_int_equal(atomic_load(&l->connections), 4);
    assert_int_equal(atomic_load(&l->unauthenticated), 3);
    limits_clear(l);
    test_free(l);
}

static void short_memory_admits_nobody(void **state)
{
    (void)state;
    struct limits *l = test_malloc(sizeof *l);
    limits_init(l);
    struct settings s = {.limits.connections = 3};
    alloc_fail_at(1);
    assert_string_equal(admit(l, &s, "192.0.2.1", NULL), "out of memory");
    assert_true(alloc_failed());
    assert_int_equal(atomic_load(&l->connections), 0);
    limits_clear(l);
    test_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_leaves_nothing_counted),
        cmocka_unit_test(one_address_cannot_lock_out_the_others),
        cmocka_unit_test(short_memory_admits_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
