#include "cmocka_all.h"

#include "alloc_failure.h"
#include "server/known_addresses.h"
#include "server/unauthenticated_fixture.h"

static struct known_addresses known;
static struct limits_settings limits;

static int setup(void **state)
{
    static const uint8_t key[SIPHASH_KEY_SIZE] = {1};
    (void)state;
    known_addresses_init(&known, key);
    limits = (struct limits_settings){.known_addresses = 2, .known_ns = 100};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    known_addresses_clear(&known);
    return 0;
}

static void add(const char *text, uint64_t now_ns)
{
    struct ip_address a = test_ip(text);
    known_addresses_add(&known, &limits, &a, now_ns);
}

static bool have(const char *text, uint64_t now_ns)
{
    struct ip_address a = test_ip(text);
    return known_addresses_have(&known, &a, now_ns);
}

static void known_for_a_time(void **state)
{
    (void)state;
    assert_false(have("192.0.2.1", 1));
    add("192.0.2.1", 1);
    assert_true(have("192.0.2.1", 100));
    assert_false(have("192.0.2.1", 101));
    add("192.0.2.1", 50); /* once more */
    assert_true(have("192.0.2.1", 149));
    assert_false(have("192.0.2.2", 50));
    add("2001:db8:1:2::1", 50);
    assert_true(have("2001:db8:1:2:ffff::1", 50));
    assert_false(have("2001:db8:1:3::1", 50));
    struct ip_address none = {.size = 0};
    known_addresses_add(&known, &limits, &none, 50);
    assert_false(known_addresses_have(&known, &none, 50));
}

static void the_oldest_is_forgotten(void **state)
{
    (void)state;
    add("192.0.2.1", 1);
    add("192.0.2.2", 2);
    add("192.0.2.1", 3);
    add("192.0.2.3", 4);
    assert_true(have("192.0.2.1", 5));
    assert_false(have("192.0.2.2", 5));
    assert_true(have("192.0.2.3", 5));
    add("192.0.2.4", 1000);
    assert_int_equal(known.table.count, 1); /* what is over goes first */
}

static void none_are_remembered(void **state)
{
    (void)state;
    limits.known_ns = 0;
    add("192.0.2.1", 1);
    assert_false(have("192.0.2.1", 1));
    limits = (struct limits_settings){.known_ns = 100};
    add("192.0.2.1", 1);
    assert_false(have("192.0.2.1", 1));
    limits.known_addresses = 1;
    alloc_fail_at(1);
    add("192.0.2.1", 1);
    assert_true(alloc_failed());
    assert_false(have("192.0.2.1", 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(known_for_a_time),
        TEST(the_oldest_is_forgotten),
        TEST(none_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
