#include "cmocka_all.h"

#include "server/rate.h"

#define SECOND UINT64_C(1000000000)

/* What passes in a second from `now` on, if someone tries every millisecond. */
static uint64_t pass_for_a_second(struct rate *rate, uint64_t per_second, uint64_t now)
{
    uint64_t passed = 0;
    for (uint64_t ns = 0; ns < SECOND; ns += SECOND / 1000)
        while (rate_blocked_until(rate, now + ns) == 0) {
            rate_charge(rate, rate_step(per_second), per_second, now + ns);
            passed += rate_step(per_second);
        }
    return passed;
}

static void as_much_passes_as_was_paid_for(void **state)
{
    (void)state;
    static const uint64_t rates[] = {1 << 10, 100 << 10, 1 << 20, 100 << 20, UINT64_C(10) << 30};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct rate rate = {0};
        uint64_t now = 100 * SECOND, step = rate_step(rates[i]);
        for (int second = 0; second < 5; second++, now += SECOND) {
            uint64_t passed = pass_for_a_second(&rate, rates[i], now);
            assert_true(passed + 2 * step >= rates[i]);
            assert_true(passed <= rates[i] + rates[i] / 8 + 2 * step);
        }
    }
}

/* However long nothing passed, an eighth of a second's bytes is all that is kept. */
static void what_was_not_used_is_lost(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_charge(&rate, 1 << 20, 1 << 20, SECOND);
    assert_true(rate_blocked_until(&rate, SECOND) > SECOND);
    assert_int_equal(rate_blocked_until(&rate, 1000 * SECOND), 0);
    uint64_t passed = pass_for_a_second(&rate, 1 << 20, 1000 * SECOND);
    assert_in_range(passed, 1 << 20, (1 << 20) + (1 << 18) + (1 << 17));
}

static void the_first_bytes_of_a_clock_pass(void **state)
{
    (void)state;
    struct rate rate = {0};
    assert_int_equal(rate_blocked_until(&rate, 0), 0);
    rate_charge(&rate, 1000, 1000, 0);
    assert_int_equal(rate_blocked_until(&rate, 1), SECOND);
    assert_int_equal(rate_blocked_until(&rate, SECOND), 0);
}

static void steps_are_neither_tiny_nor_huge(void **state)
{
    (void)state;
    assert_int_equal(rate_step(1), 1024);
    assert_int_equal(rate_step(1 << 20), 1 << 17);
    assert_int_equal(rate_step(UINT64_MAX), 1 << 20);
}

static void places_behind_one_another(void **state)
{
    (void)state;
    const uint64_t ms = SECOND / 1000;
    struct rate rate = {0};
    rate_charge(&rate, 1125, 1000, 10 * SECOND);
    assert_int_equal(rate_blocked_until(&rate, 10 * SECOND), 11 * SECOND);
    assert_int_equal(rate_book(&rate, 100, 1000, 10 * SECOND), 11 * SECOND);
    assert_int_equal(rate_book(&rate, 100, 1000, 10 * SECOND), 11 * SECOND + 100 * ms);
    rate_return(&rate, 50, 1000);
    assert_int_equal(rate_book(&rate, 100, 1000, 10 * SECOND), 11 * SECOND + 150 * ms);
    rate_return(&rate, 1000000, 1000);
    assert_int_equal(rate_blocked_until(&rate, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_much_passes_as_was_paid_for),
        cmocka_unit_test(what_was_not_used_is_lost),
        cmocka_unit_test(the_first_bytes_of_a_clock_pass),
        cmocka_unit_test(steps_are_neither_tiny_nor_huge),
        cmocka_unit_test(places_behind_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
