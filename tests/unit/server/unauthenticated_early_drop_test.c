#include "cmocka_all.h"

#include "server/unauthenticated_early_drop.h"
#include "server/unauthenticated_fixture.h"

static bool near(double a, double b)
{
    return a - b < 1e-9 && b - a < 1e-9;
}

/* MaxStartups 10:30:100 */
static void the_chance_grows_from_start_to_full(void **state)
{
    (void)state;
    const struct early_drop drop = {10, 100, 30};
    assert_true(near(early_drop_chance(&drop, 0), 0));
    assert_true(near(early_drop_chance(&drop, 9), 0));
    assert_true(near(early_drop_chance(&drop, 10), 0.3));
    assert_true(near(early_drop_chance(&drop, 55), 0.65));
    assert_true(near(early_drop_chance(&drop, 99), 0.3 + 0.7 * 89 / 90));
    assert_true(near(early_drop_chance(&drop, 100), 1));
    assert_true(near(early_drop_chance(&drop, 1000), 1));
    const struct early_drop all = {10, 100, 100}, none = {100, 100, 30};
    assert_true(near(early_drop_chance(&all, 10), 1));
    assert_true(near(early_drop_chance(&none, 99), 0));
}

static void chances_come_true(void **state)
{
    (void)state;
    uint32_t value = 0;
    const struct random_source random = test_draws(&value), nothing = test_draws(NULL);
    assert_true(early_drop_happens(0.25, &random));
    assert_false(early_drop_happens(0, &random));
    value = 0x3fffffff;
    assert_true(early_drop_happens(0.25, &random));
    value = 0x40000000;
    assert_false(early_drop_happens(0.25, &random));
    value = 0xffffffff;
    assert_true(early_drop_happens(1, &random));
    assert_true(early_drop_happens(0.01, &nothing));
    assert_false(early_drop_happens(0, &nothing)); /* draws nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chance_grows_from_start_to_full),
        cmocka_unit_test(chances_come_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
