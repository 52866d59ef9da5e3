/* How many ranges each user has locked. */
#include "cmocka_all.h"

#include <stdio.h>

#include "alloc_failure.h"
#include "fs/lock_users.h"

static struct lock_users users;

static int setup(void **state)
{
    (void)state;
    lock_users_init(&users);
    return 0;
}

static void one_name_is_one_user(void **state)
{
    (void)state;
    struct lock_user *joe = lock_users_get(&users, "joe"), *ann = lock_users_get(&users, "ann");
    assert_ptr_not_equal(joe, ann);
    joe->ranges = 2;
    assert_ptr_equal(lock_users_get(&users, "joe"), joe);
    assert_string_equal(joe->name, "joe");
    joe->ranges = 0;
    lock_user_release(joe);
    lock_user_release(ann);
}

static void who_has_ranges_stays(void **state)
{
    (void)state;
    struct lock_user *joe = lock_users_get(&users, "joe");
    joe->ranges = 1;
    lock_user_release(joe);
    assert_ptr_equal(lock_users_get(&users, "joe"), joe);
    assert_int_equal(joe->ranges, 1);
    joe->ranges = 0;
    lock_user_release(joe);
    for (size_t i = 0; i < LOCK_USERS_BUCKETS; i++)
        assert_true(list_empty(&users.buckets[i]));
}

static void more_users_than_buckets(void **state)
{
    (void)state;
    enum { MANY = 3 * LOCK_USERS_BUCKETS };
    static struct lock_user *all[MANY];
    char name[16];
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "user%u", i);
        all[i] = lock_users_get(&users, name);
        all[i]->ranges = i + 1;
    }
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "user%u", i);
        assert_int_equal(lock_users_get(&users, name)->ranges, i + 1);
        all[i]->ranges = 0;
        lock_user_release(all[i]);
    }
}

static void short_memory_makes_no_user(void **state)
{
    (void)state;
    alloc_fail_at(1);
    assert_null(lock_users_get(&users, "joe"));
    assert_true(alloc_failed());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_name_is_one_user, setup),
        cmocka_unit_test_setup(who_has_ranges_stays, setup),
        cmocka_unit_test_setup(more_users_than_buckets, setup),
        cmocka_unit_test_setup(short_memory_makes_no_user, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
