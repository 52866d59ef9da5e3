/* Who is admitted, by the places that are taken. Chance is the test's: the draw is the largest
 * (no one is dropped unless that is certain) or the smallest (all who may be, are). */
#include <stdio.h>

#include "cmocka_all.h"

#include "alloc_failure.h"
#include "server/limits.h"
#include "server/unauthenticated_fixture.h"

#define NEVER  UINT32_C(0xffffffff)
#define ALWAYS UINT32_C(0)

static struct limits limits;
static struct settings settings;
static uint32_t draw;

static int setup(void **state)
{
    (void)state;
    const struct random_source random = test_draws(&draw);
    draw = NEVER;
    settings = (struct settings){.limits.known_addresses = 100, .limits.known_ns = 100};
    return limits_init(&limits, &random) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    limits_clear(&limits);
    return 0;
}

static const char *admit(const char *from, struct address_usage **address)
{
    struct address_usage *unused;
    struct ip_address ip = {.size = 0};
    if (*from)
        ip = test_ip(from);
    return limits_admit(&limits, &settings, &ip, 1, address ? address : &unused);
}

/* How many come in from there, of `most` that try. */
static unsigned fill(const char *from, unsigned most)
{
    unsigned in = 0;
    for (unsigned i = 0; i < most; i++)
        in += admit(from, NULL) == NULL;
    return in;
}

static void leave(struct address_usage *address)
{
    limits_logged_in(&limits, address);
    limits_release(&limits, address);
}

static void log_in(const char *from)
{
    struct ip_address ip = test_ip(from);
    known_addresses_add(&limits.known, &settings.limits, &ip, 1);
}

static uint64_t unauthenticated(void)
{
    return limits.unauthenticated.open + limits.unauthenticated.reserved;
}

static void a_refusal_leaves_nothing_counted(void **state)
{
    (void)state;
    settings.limits.connections = 3;
    settings.limits.unauthenticated = 2;
    settings.limits.unauthenticated_start = 100;
    settings.limits.connections_per_address = 1;
    struct address_usage *one, *two, *none, *again;
    assert_null(admit("192.0.2.1", &one));
    assert_string_equal(admit("192.0.2.1", NULL), "limits.connections_per_address");
    assert_null(admit("2001:db8::2", &two));
    assert_string_equal(admit("2001:db8:0:1::3", NULL), "limits.unauthenticated");
    limits_logged_in(&limits, two);
    assert_null(admit("", &none)); /* no address: that limit does not apply */
    assert_null(none);
    limits_logged_in(&limits, none);
    assert_string_equal(admit("192.0.2.4", NULL), "limits.connections");
    limits_logged_in(&limits, one);
    limits_release(&limits, one);
    assert_null(admit("192.0.2.1", &again));
    assert_int_equal(atomic_load(&limits.connections), 3);
    assert_int_equal(unauthenticated(), 1);
    leave(again);
    limits_release(&limits, two);
    limits_release(&limits, none);
    assert_int_equal(atomic_load(&limits.connections), 0);
    assert_int_equal(unauthenticated(), 0);
    assert_int_equal(limits.unauthenticated.addresses, 0);
    assert_int_equal(limits.unauthenticated.networks, 0);
    for (size_t i = 0; i < USAGE_BUCKETS; i++)
        assert_null(limits.addresses.buckets[i]); /* the refused ones were released, too */
}

static void one_address_has_its_own_limit(void **state)
{
    (void)state;
    settings.limits.unauthenticated = 10;
    settings.limits.unauthenticated_start = 100;
    settings.limits.unauthenticated_per_address = 2;
    struct address_usage *first, *second;
    assert_null(admit("192.0.2.1", &first));
    assert_null(admit("192.0.2.1", &second));
    assert_ptr_equal(first, second);
    for (int i = 0; i < 20; i++)
        assert_string_equal(admit("192.0.2.1", NULL), "limits.unauthenticated_per_address");
    assert_null(admit("192.0.2.2", NULL));
    limits_logged_in(&limits, first);
    assert_null(admit("192.0.2.1", NULL));
    assert_int_equal(atomic_load(&limits.connections), 4);
    assert_int_equal(unauthenticated(), 3);
}

/* ---- Shares ---- */

static void as_many_as_are_left(void **state)
{
    (void)state;
    settings.limits.unauthenticated = 3000;
    settings.limits.unauthenticated_start = 25;
    assert_int_equal(fill("192.0.2.1", 5000), 1500);
    assert_string_equal(admit("192.0.2.1", NULL), "limits.unauthenticated_start");
    /* There is room for others, and what they take is taken from what one may hold. */
    assert_int_equal(fill("198.51.100.1", 5000), 750);
    assert_int_equal(fill("203.0.113.1", 5000), 375);
    assert_null(admit("192.0.2.2", NULL)); /* next door to the first one */
    assert_null(admit("2001:db8::1", NULL));
}

static void shares_of_those_who_come_at_once(void **state)
{
    (void)state;
    settings.limits.unauthenticated = 3000;
    settings.limits.unauthenticated_start = 25;
    unsigned one = 0, two = 0;
    for (int i = 0; i < 3000; i++) {
        one += admit("127.0.0.1", NULL) == NULL;
        two += admit("127.0.0.2", NULL) == NULL;
    }
    assert_int_equal(one, 1000);
    assert_int_equal(two, 1000);
    assert_int_equal(fill("127.0.0.3", 100), 100);
}

/* A network of 48 bits has 65,536 of 64; all of them together leave a 17th. */
static void a_network_has_a_share(void **state)
{
    (void)state;
    char from[64];
    settings.limits.unauthenticated = 1700;
    settings.limits.unauthenticated_start = 25;
    unsigned in = 0;
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(from, sizeof from, "2001:db8:1:%x::1", i);
        in += admit(from, NULL) == NULL;
    }
    assert_int_equal(in, 1600);
    assert_int_equal(fill("2001:db8:2::1", 50), 50);
    assert_int_equal(fill("192.0.2.1", 20), 20);
}

static void plenty_is_not_shared(void **state)
{
    (void)state;
    settings.limits.unauthenticated = 100;
    settings.limits.unauthenticated_start = 100;
    assert_int_equal(fill("192.0.2.1", 200), 100);
}

/* ---- Early drop ---- */

static void whoever_holds_less_is_dropped_less(void **state)
{
    (void)state;
    settings.limits.unauthenticated = 1000;
    settings.limits.unauthenticated_start = 25;
    settings.limits.unauthenticated_rate = 30;
    assert_int_equal(fill("192.0.2.1", 250), 250); /* below the start no one is */
    draw = ALWAYS;
    assert_string_equal(admit("192.0.2.1", NULL), "limits.unauthenticated_rate");
    assert_string_equal(admit("198.51.100.1", NULL), "limits.unauthenticated_rate");
    draw = (uint32_t)(0.29 * 4294967296.0);
    assert_string_equal(admit("192.0.2.1", NULL), "limits.unauthenticated_rate");
    draw = (uint32_t)(0.31 * 4294967296.0);
    assert_null(admit("192.0.2.1", NULL));
    /* One holder has 251, and a newcomer 1 of 251 times that chance, wherever it is. */
    draw = (uint32_t)(0.31 / 251 * 4294967296.0);
    assert_null(admit("198.51.100.1", NULL));
    draw = (uint32_t)(0.29 / 251 * 4294967296.0);
    assert_string_equal(admit("192.0.2.2", NULL), "limits.unauthenticated_rate");
}

/* Many addresses of one network are one crowd: a newcomer from elsewhere is told from them. */
static void a_crowd_is_told_by_its_network(void **state)
{
    (void)state;
    char from[64];
    settings.limits.unauthenticated = 1000;
    settings.limits.unauthenticated_start = 25;
    settings.limits.unauthenticated_rate = 30;
    for (unsigned i = 0; i < 500; i++) {
        snprintf(from, sizeof from, "2001:db8:1:%x::1", i);
        assert_null(admit(from, NULL));
    }
    /* 0.3 + 0.7 * 250 / 750 */
    draw = (uint32_t)(0.53 * 4294967296.0);
    assert_string_equal(admit("2001:db8:1:ffff::1", NULL), "limits.unauthenticated_rate");
    draw = (uint32_t)(0.54 / 500 * 4294967296.0);
    assert_null(admit("2001:db8:2::1", NULL));
    draw = (uint32_t)(0.53 / 500 * 4294967296.0);
    assert_string_equal(admit("2001:db8:3::1", NULL), "limits.unauthenticated_rate");
}

/* ---- The reserve ---- */

static void known_addresses_have_a_reserve(void **state)
{
    (void)state;
    char from[64];
    settings.limits.unauthenticated = 100;
    settings.limits.unauthenticated_start = 25;
    settings.limits.unauthenticated_reserve = 20;
    log_in("203.0.113.7");
    log_in("203.0.113.8");
    unsigned in = 0;
    for (unsigned i = 0; i < 200; i++) { /* from everywhere */
        snprintf(from, sizeof from, "10.%u.0.1", i);
        in += admit(from, NULL) == NULL;
    }
    assert_int_equal(in, 80);
    assert_string_equal(admit("198.51.100.1", NULL), "limits.unauthenticated");
    draw = ALWAYS; /* chance has nothing to do with it */
    struct address_usage *known;
    assert_null(admit("203.0.113.7", &known));
    assert_int_equal(limits.unauthenticated.reserved, 1);
    assert_int_equal(fill("203.0.113.7", 100), 9); /* nor may one have all of the reserve */
    assert_int_equal(fill("203.0.113.8", 100), 5);
    assert_int_equal(fill("203.0.113.9", 100), 0); /* unknown */
    leave(known);
    assert_int_equal(limits.unauthenticated.reserved, 14);
    assert_int_equal(limits.unauthenticated.open, 80);
    assert_null(admit("203.0.113.8", NULL));
}

static void known_addresses_use_the_rest_like_others(void **state)
{
    (void)state;
    settings.limits.unauthenticated = 10;
    settings.limits.unauthenticated_start = 100;
    settings.limits.unauthenticated_reserve = 20;
    log_in("203.0.113.7");
    assert_int_equal(fill("203.0.113.7", 100), 9); /* one of the reserve, 8 of the rest */
    assert_int_equal(limits.unauthenticated.reserved, 1);
    assert_int_equal(limits.unauthenticated.open, 8);
}

static void short_memory_admits_nobody(void **state)
{
    (void)state;
    settings.limits.connections = 3;
    for (unsigned nth = 1; nth <= 2; nth++) { /* the network around it, the address */
        alloc_fail_at(nth);
        assert_string_equal(admit("192.0.2.1", NULL), "out of memory");
        assert_true(alloc_failed());
        for (size_t i = 0; i < USAGE_BUCKETS; i++)
            assert_null(limits.addresses.buckets[i]);
    }
    assert_int_equal(atomic_load(&limits.connections), 0);
}

/* Apart from connections, but for limits.connections. */
static void awaited_headers_are_counted_apart(void **state)
{
    (void)state;
    settings.limits.connections = 5;
    settings.limits.unauthenticated = 3;
    settings.limits.unauthenticated_start = 100;
    settings.limits.unauthenticated_per_address = 2;
    struct address_usage *waiting[3], *unused, *one;
    const struct ip_address proxy = test_ip("192.0.2.1"), other = test_ip("192.0.2.2"),
                            none = {.size = 0};
    assert_null(limits_await_header(&limits, &settings, &proxy, &waiting[0]));
    assert_null(limits_await_header(&limits, &settings, &proxy, &waiting[1]));
    assert_string_equal(limits_await_header(&limits, &settings, &proxy, &unused),
                        "limits.unauthenticated_per_address");
    assert_null(limits_await_header(&limits, &settings, &none, &waiting[2]));
    assert_null(waiting[2]);
    assert_string_equal(limits_await_header(&limits, &settings, &other, &unused),
                        "limits.unauthenticated");
    assert_int_equal(unauthenticated(), 0);
    assert_null(admit("192.0.2.1", &one));
    assert_int_equal(fill("198.51.100.1", 5), 1);
    assert_string_equal(admit("192.0.2.3", NULL), "limits.connections");
    for (size_t i = 0; i < COUNT_OF(waiting); i++)
        limits_have_header(&limits, waiting[i]);
    assert_int_equal(atomic_load(&limits.proxy_headers), 0);
    assert_int_equal(atomic_load(&limits.connections), 2);
    alloc_fail_at(1);
    assert_string_equal(limits_await_header(&limits, &settings, &other, &unused), "out of memory");
    assert_true(alloc_failed());
    assert_int_equal(atomic_load(&limits.proxy_headers), 0);
    leave(one);
}

static void no_randomness(void **state)
{
    (void)state;
    struct limits none;
    const struct random_source random = test_draws(NULL);
    assert_false(limits_init(&none, &random));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_leaves_nothing_counted),
        TEST(one_address_has_its_own_limit),
        TEST(as_many_as_are_left),
        TEST(shares_of_those_who_come_at_once),
        TEST(a_network_has_a_share),
        TEST(plenty_is_not_shared),
        TEST(whoever_holds_less_is_dropped_less),
        TEST(a_crowd_is_told_by_its_network),
        TEST(known_addresses_have_a_reserve),
        TEST(known_addresses_use_the_rest_like_others),
        TEST(short_memory_admits_nobody),
        TEST(awaited_headers_are_counted_apart),
        TEST(no_randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
