/* Penalties of addresses, with a clock of the test's own. */
#include <stdio.h>

#include "cmocka_all.h"

#include "alloc_failure.h"
#include "base/mem.h"
#include "server/penalties.h"
#include "server/unauthenticated_fixture.h"

#define SECOND UINT64_C(1000000000)
#define T0     (UINT64_C(5000) * SECOND)

static struct penalties penalties;
static struct limits_settings limits;
static struct penalty_charge last_charge;
static struct penalty_change last_change;

static int setup(void **state)
{
    static const uint8_t key[SIPHASH_KEY_SIZE] = {1};
    (void)state;
    penalties_init(&penalties, key);
    limits = (struct limits_settings){.penalty_addresses = 1000,
                                      .penalty_failed_login_ns = 5 * SECOND,
                                      .penalty_login_time_ns = 10 * SECOND,
                                      .penalty_no_login_ns = SECOND,
                                      .penalty_protocol_error_ns = 20 * SECOND,
                                      .penalty_min_ns = 15 * SECOND,
                                      .penalty_max_ns = 60 * SECOND,
                                      .penalty_exempt = ""};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    penalties_clear(&penalties);
    return 0;
}

static bool offend(const char *from, enum offence offence, uint64_t at_ns)
{
    struct ip_address a = test_ip(from);
    struct penalty_change changes[NETWORKS_MAX];
    size_t count = penalties_add(&penalties, &limits, &a, offence, at_ns, &last_charge, changes);
    if (count)
        last_change = changes[count - 1]; /* the widest network */
    return count > 0;
}

static bool refuses(const char *from, uint64_t at_ns)
{
    struct ip_address a = test_ip(from);
    return penalties_refuse(&penalties, &limits, &a, at_ns);
}

static uint64_t seconds_left(const char *from, uint64_t at_ns)
{
    struct ip_address a = test_ip(from);
    return penalties_left(&penalties, &a, at_ns) / SECOND;
}

static const char *changed(void)
{
    static char text[IP_TEXT_SIZE];
    ip_network_print(&last_change.network, text);
    return text;
}

static void penalties_add_up_past_the_minimum(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_false(offend("192.0.2.1", OFFENCE_FAILED_LOGIN, T0));
        assert_false(refuses("192.0.2.1", T0));
    }
    assert_int_equal(seconds_left("192.0.2.1", T0), 15); /* not more than the minimum */
    assert_true(offend("192.0.2.1", OFFENCE_NO_LOGIN, T0));
    assert_string_equal(changed(), "192.0.2.1");
    assert_int_equal(last_change.left_ns, 16 * SECOND);
    assert_true(refuses("192.0.2.1", T0));
    assert_false(refuses("192.0.2.2", T0));                      /* its neighbour */
    assert_false(offend("192.0.2.1", OFFENCE_FAILED_LOGIN, T0)); /* told once */
}

static void penalties_run_off(void **state)
{
    (void)state;
    (void)offend("192.0.2.1", OFFENCE_LOGIN_TIME, T0);
    assert_int_equal(seconds_left("192.0.2.1", T0 + 4 * SECOND), 6);
    assert_false(offend("192.0.2.1", OFFENCE_FAILED_LOGIN, T0 + 4 * SECOND));
    assert_int_equal(seconds_left("192.0.2.1", T0 + 4 * SECOND), 11);
    /* Five seconds apart, they never add up. */
    for (uint64_t i = 0; i < 100; i++)
        assert_false(
            offend("198.51.100.1", OFFENCE_FAILED_LOGIN, T0 + i * limits.penalty_failed_login_ns));
}

/* Once refused, an address is refused until the last of it has run off, not just until the
 * minimum. */
static void refusal_lasts_to_the_end(void **state)
{
    (void)state;
    assert_true(offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0));
    assert_true(refuses("192.0.2.1", T0 + 19 * SECOND));
    assert_false(refuses("192.0.2.1", T0 + 20 * SECOND));
    assert_true(penalties_expire(&penalties, T0 + 20 * SECOND, &last_change));
    assert_string_equal(changed(), "192.0.2.1");
    assert_int_equal(last_change.refused, 1);
    assert_false(penalties_expire(&penalties, T0 + 20 * SECOND, &last_change));
    assert_int_equal(penalties.table.count, 0);
    assert_true(offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0 + 20 * SECOND)); /* told again */
}

static void what_ran_off_unnoticed_counts_no_more(void **state)
{
    (void)state;
    (void)offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0);
    assert_false(offend("192.0.2.1", OFFENCE_NO_LOGIN, T0 + 100 * SECOND));
    assert_false(refuses("192.0.2.1", T0 + 100 * SECOND));
    assert_int_equal(seconds_left("192.0.2.1", T0 + 100 * SECOND), 1);
}

static void penalties_have_a_maximum(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        (void)offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0);
    assert_int_equal(seconds_left("192.0.2.1", T0), 60);
    limits.penalty_max_ns = 5 * SECOND; /* lowered: nothing is added */
    (void)offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0);
    assert_int_equal(seconds_left("192.0.2.1", T0), 60);
}

static void each_can_be_turned_off(void **state)
{
    (void)state;
    limits.penalty_no_login_ns = 0;
    for (int i = 0; i < 100; i++)
        assert_false(offend("192.0.2.1", OFFENCE_NO_LOGIN, T0));
    assert_int_equal(penalties.table.count, 0);
}

static void exempt_addresses_have_none(void **state)
{
    (void)state;
    (void)offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0);
    assert_true(refuses("192.0.2.1", T0));
    limits.penalty_exempt = "198.51.100.7,192.0.2.0/25,2001:db8::/32";
    assert_false(refuses("192.0.2.1", T0)); /* at once */
    assert_false(offend("198.51.100.7", OFFENCE_PROTOCOL_ERROR, T0));
    assert_false(offend("2001:db8:1::1", OFFENCE_PROTOCOL_ERROR, T0));
    assert_true(offend("192.0.2.128", OFFENCE_PROTOCOL_ERROR, T0));
    struct ip_address none = {.size = 0};
    struct penalty_change changes[NETWORKS_MAX];
    assert_true(penalties_exempt(&limits, &none));
    assert_int_equal(penalties_add(&penalties, &limits, &none, OFFENCE_PROTOCOL_ERROR, T0,
                                   &last_charge, changes),
                     0);
    assert_false(penalties_refuse(&penalties, &limits, &none, T0));
}

static void an_ipv6_network_is_one_address(void **state)
{
    (void)state;
    (void)offend("2001:db8:1:2::1", OFFENCE_LOGIN_TIME, T0);
    assert_true(offend("2001:db8:1:2:ffff::", OFFENCE_LOGIN_TIME, T0));
    assert_string_equal(changed(), "2001:db8:1:2::/64");
    assert_true(refuses("2001:db8:1:2::3", T0));
    assert_false(refuses("2001:db8:1:3::3", T0));
}

/* How many of these addresses, one after the other, fail often enough to be refused until the
 * network named is refused as a whole. */
static unsigned until_refused(const char *before, const char *behind, const char *network)
{
    char text[64];
    for (unsigned i = 0; i < 256; i++) {
        if (strchr(before, ':'))
            snprintf(text, sizeof text, "%s%02x%s", before, i, behind);
        else
            snprintf(text, sizeof text, "%s%u", before, i);
        while (!refuses(text, T0))
            if (offend(text, OFFENCE_FAILED_LOGIN, T0) && strcmp(changed(), network) == 0)
                return i + 1;
    }
    return 0;
}

static void many_addresses_are_refused_as_a_network(void **state)
{
    (void)state;
    /* Four failures of an address cost 20 s, of which the network around bears a part: 56 bits a
     * quarter, 48 bits and IPv4's 24 bits a 16th. More than 15 s are refused. */
    assert_int_equal(until_refused("2001:db8:1:", "::1", "2001:db8:1::/56"), 4);
    assert_true(refuses("2001:db8:1:ff::1", T0));
    assert_false(refuses("2001:db8:1:100::1", T0));
    assert_int_equal(until_refused("2001:db8:2:", "00::1", "2001:db8:2::/48"), 13);
    assert_true(refuses("2001:db8:2:ffff::1", T0));
    assert_false(refuses("2001:db8:3::1", T0));
    assert_int_equal(until_refused("192.0.2.", "", "192.0.2.0/24"), 13);
    assert_true(refuses("192.0.2.200", T0));
    assert_false(refuses("192.0.3.200", T0));
}

/* One address cannot have its neighbours refused, whatever it does with connections it has. */
static void one_address_does_not_hurt_its_neighbours(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        (void)offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0);
        (void)offend("2001:db8:1:2::1", OFFENCE_PROTOCOL_ERROR, T0);
    }
    assert_false(refuses("192.0.2.2", T0));
    assert_false(refuses("2001:db8:1:3::1", T0));
}

static void what_is_refunded_is_what_is_left(void **state)
{
    (void)state;
    struct ip_address a = test_ip("192.0.2.1");
    (void)offend("192.0.2.1", OFFENCE_FAILED_LOGIN, T0);
    struct penalty_charge charge = last_charge;
    (void)offend("192.0.2.1", OFFENCE_LOGIN_TIME, T0);
    penalties_refund(&penalties, &a, &charge, T0 + 2 * SECOND);
    assert_int_equal(seconds_left("192.0.2.1", T0 + 2 * SECOND), 10);
    /* One that has expired does not shorten others'. */
    penalties_refund(&penalties, &a, &charge, T0 + 5 * SECOND);
    assert_int_equal(seconds_left("192.0.2.1", T0 + 5 * SECOND), 7);
    /* Nor does what was not charged for the maximum was reached. */
    for (int i = 0; i < 20; i++)
        (void)offend("192.0.2.1", OFFENCE_FAILED_LOGIN, T0 + 5 * SECOND);
    penalties_refund(&penalties, &a, &last_charge, T0 + 5 * SECOND);
    assert_int_equal(seconds_left("192.0.2.1", T0 + 5 * SECOND), 60);
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    char text[64];
    limits.penalty_addresses = 40;
    (void)offend("198.51.100.1", OFFENCE_PROTOCOL_ERROR, T0);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "10.%u.%u.1", i >> 8, i & 255);
        (void)offend(text, OFFENCE_NO_LOGIN, T0);
        assert_true(penalties.table.count <= 40);
    }
    assert_true(refuses("198.51.100.1", T0)); /* the small ones were forgotten */
}

static void short_memory(void **state)
{
    (void)state;
    alloc_fail_at(1);
    assert_false(offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0));
    assert_true(alloc_failed());
    assert_false(refuses("192.0.2.1", T0));
    assert_true(offend("192.0.2.1", OFFENCE_PROTOCOL_ERROR, T0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(penalties_add_up_past_the_minimum),
        TEST(penalties_run_off),
        TEST(refusal_lasts_to_the_end),
        TEST(what_ran_off_unnoticed_counts_no_more),
        TEST(penalties_have_a_maximum),
        TEST(each_can_be_turned_off),
        TEST(exempt_addresses_have_none),
        TEST(an_ipv6_network_is_one_address),
        TEST(many_addresses_are_refused_as_a_network),
        TEST(one_address_does_not_hurt_its_neighbours),
        TEST(what_is_refunded_is_what_is_left),
        TEST(the_table_is_bounded),
        TEST(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
