#include "cmocka_all.h"

#include "loop/inline_budget.h"

static void short_computations_are_done_at_once_until_a_round_is_full(void **state)
{
    (void)state;
    struct inline_budget b = {0};
    uint64_t one = INLINE_ONE_NS / 2, fit = 0;
    assert_true(inline_budget_allows(&b));
    for (; inline_budget_allows(&b); fit++)
        inline_budget_note(&b, one, true);
    assert_int_equal(fit, (INLINE_ROUND_NS + one - 1) / one);
    inline_budget_renew(&b);
    assert_true(inline_budget_allows(&b));
}

/* How long it takes is known from workers, too, and forgotten slowly. */
static void long_ones_are_for_workers(void **state)
{
    (void)state;
    struct inline_budget b = {0};
    inline_budget_note(&b, INLINE_ONE_NS * 4, false);
    assert_false(inline_budget_allows(&b));
    assert_int_equal(b.spent_ns, 0);
    int rounds = 0;
    for (; !inline_budget_allows(&b) && rounds < 100; rounds++)
        inline_budget_note(&b, 1, false);
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
