#include "cmocka_all.h"

#include "core/counters.h"
#include "sallyport/server.h"

static void amounts_do_not_wrap(void **state)
{
    (void)state;
    _Atomic uint64_t count = 0;
    assert_true(counter_add_below(&count, 10, 10));
    assert_false(counter_add_below(&count, 1, 10));
    assert_false(counter_add_below(&count, UINT64_MAX, 10));
    assert_false(counter_add_below(&count, 1, 5)); /* lowered below what is taken */
    counter_sub(&count, 10);
    assert_false(counter_add_below(&count, UINT64_MAX, 10));
    assert_true(counter_add_below(&count, 10, 10));
}

/* Each counter has a row, and each row is a member of what the program is shown, beside the memory,
 * which is an account (core/account.h). */
static void every_counter_is_shown(void **state)
{
    (void)state;
    size_t rows = 0;
    sally_counters shown = {.struct_size = sizeof shown};
#define COUNT(name)                                                                                \
    rows++;                                                                                        \
    assert_int_equal(sizeof shown.name, sizeof(uint64_t));
    COUNTER_MAP(COUNT)
#undef COUNT
    assert_int_equal(sizeof shown.memory_now, sizeof(uint64_t));
    assert_int_equal(sizeof shown, sizeof shown.struct_size + (rows + 1) * sizeof(uint64_t));
    assert_int_equal(sizeof(struct counters), rows * sizeof(uint64_t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_do_not_wrap),
        cmocka_unit_test(every_counter_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
