#include "cmocka_all.h"

#include "loop/budget.h"

static void short_computations_are_done_at_once_until_a_round_is_full(void **state)
{
    (void)state;
    struct budget b = {0};
    uint64_t one = BUDGET_ONE_NS / 2, fit = 0;
    assert_true(budget_allows(&b));
    for (; budget_allows(&b); fit++)
        budget_note(&b, one, true);
    assert_int_equal(fit, (BUDGET_ROUND_NS + one - 1) / one);
    budget_renew(&b);
    assert_true(budget_allows(&b));
}

/* How long it takes is known from workers, too, and forgotten slowly. */
static void long_ones_are_for_workers(void **state)
{
    (void)state;
    struct budget b = {0};
    budget_note(&b, BUDGET_ONE_NS * 4, false);
    assert_false(budget_allows(&b));
    assert_int_equal(b.spent_ns, 0);
    int rounds = 0;
    for (; !budget_allows(&b) && rounds < 100; rounds++)
        budget_note(&b, 1, false);
    assert_in_range(rounds, 2, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_computations_are_done_at_once_until_a_round_is_full),
        cmocka_unit_test(long_ones_are_for_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
