/* Users and addresses with connections: one object per name, for as long as someone refers to it.
 */
#include <stdio.h>

#include "cmocka_all.h"

#include "alloc_failure.h"
#include "base/mem.h"
#include "server/unauthenticated_fixture.h"
#include "server/usage.h"

#define MANY 5000 /* more than there are buckets */

static struct usage_table users;

static int setup(void **state)
{
    (void)state;
    user_usage_table_init(&users, NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < USAGE_BUCKETS; i++)
        if (users.buckets[i])
            return -1; /* a name without references is gone */
    usage_table_clear(&users);
    return 0;
}

static bool count(struct user_usage *user, uint64_t maximum)
{
    return usage_increment(&user->usage, &user->connections, maximum);
}

static void one_name_is_one_object(void **state)
{
    (void)state;
    struct user_usage *joe = user_usage_get(&users, "joe"), *ann = user_usage_get(&users, "ann");
    assert_ptr_not_equal(joe, ann);
    assert_ptr_equal(user_usage_get(&users, "joe"), joe);
    assert_string_equal(joe->usage.name, "joe");
    usage_unref(&joe->usage);
    assert_true(count(joe, 2)); /* still there */
    usage_decrement(&joe->usage, &joe->connections);
    usage_unref(&joe->usage);
    usage_unref(&ann->usage);
    usage_unref(NULL);
}

static void counts_stop_at_the_maximum(void **state)
{
    (void)state;
    struct user_usage *joe = user_usage_get(&users, "joe");
    assert_true(count(joe, 2));
    assert_true(count(joe, 2));
    assert_false(count(joe, 2));
    assert_true(count(joe, 0)); /* no maximum */
    assert_false(count(joe, 3));
    assert_true(count(joe, 4)); /* the maximum was raised */
    assert_int_equal(joe->connections, 4);
    usage_decrement(&joe->usage, &joe->connections);
    assert_true(count(joe, 4));
    usage_unref(&joe->usage);
}

static void many_names_stay_apart(void **state)
{
    (void)state;
    static struct user_usage *all[MANY];
    char name[32];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "user%zu", i);
        all[i] = user_usage_get(&users, name);
        assert_true(count(all[i], 1));
    }
    for (size_t i = 0; i < MANY; i += 2)
        usage_unref(&all[i]->usage);
    for (size_t i = 1; i < MANY; i += 2) {
        snprintf(name, sizeof name, "user%zu", i);
        assert_ptr_equal(user_usage_get(&users, name), all[i]);
        usage_unref(&all[i]->usage);
        usage_unref(&all[i]->usage);
    }
}

/* A lane's operations may outlive its connection: the user's group is there until they are done. */
static void a_lane_holds_its_user(void **state)
{
    (void)state;
    struct user_usage *joe = user_usage_get(&users, "joe");
    usage_ref(&joe->usage);
    struct lane *lane = lane_new(&joe->lanes);
    assert_non_null(lane);
    usage_unref(&joe->usage); /* the connection's */
    struct lane_group *unused = lane_leave(lane);
    assert_ptr_equal(unused, &joe->lanes);
    unused->release(unused); /* teardown: it is gone */
}

static struct address_usage *get_address(struct usage_table *addresses, const char *text)
{
    struct ip_address ip = test_ip(text);
    struct networks networks = networks_of(&ip);
    return address_usage_get(addresses, &networks);
}

/* Those around an address are there as long as it is. */
static void addresses_hold_their_networks(void **state)
{
    (void)state;
    struct usage_table addresses;
    address_usage_table_init(&addresses, NULL);
    struct address_usage *one = get_address(&addresses, "2001:db8:1:2::1");
    struct address_usage *two = get_address(&addresses, "2001:db8:1:3::1");
    assert_ptr_equal(get_address(&addresses, "2001:db8:1:2::2"), one);
    assert_ptr_not_equal(one, two);
    assert_ptr_equal(one->around, two->around);
    assert_string_equal(one->around->around->usage.name, "2001:db8:1::/48");
    assert_null(one->around->around->around);
    assert_int_equal(one->around->weight, 4);
    usage_unref(&one->usage);
    usage_unref(&one->usage);
    assert_string_equal(two->around->usage.name, "2001:db8:1::/56");
    usage_unref(&two->usage);
    for (size_t i = 0; i < USAGE_BUCKETS; i++)
        assert_null(addresses.buckets[i]);
    usage_table_clear(&addresses);
}

static void short_memory(void **state)
{
    (void)state;
    alloc_fail_at(1);
    assert_null(user_usage_get(&users, "joe"));
    assert_true(alloc_failed());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_name_is_one_object),        TEST(counts_stop_at_the_maximum),
        TEST(many_names_stay_apart),         TEST(a_lane_holds_its_user),
        TEST(addresses_hold_their_networks), TEST(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
