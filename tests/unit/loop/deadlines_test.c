#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "loop/deadlines.h"

#define COUNT 200

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 40;
}

static uint64_t least(const struct deadline *all)
{
    uint64_t at = DEADLINE_NONE;
    for (size_t i = 0; i < COUNT; i++)
        at = all[i].at_ns < at ? all[i].at_ns : at;
    return at;
}

static void the_first_one_is_the_earliest(void **state)
{
    (void)state;
    struct deadlines d = {0};
    struct deadline all[COUNT];
    uint64_t seed = 1;
    for (size_t i = 0; i < COUNT; i++) {
        deadline_init(&all[i]);
        assert_true(deadlines_reserve(&d));
    }
    assert_null(deadlines_first(&d));
    for (int i = 0; i < 20000; i++) {
        struct deadline *one = &all[next(&seed) % COUNT];
        deadline_set(&d, one, next(&seed) % 4 == 0 ? DEADLINE_NONE : next(&seed) % 1000);
        const struct deadline *first = deadlines_first(&d);
        assert_true((first ? first->at_ns : DEADLINE_NONE) == least(all));
    }
    uint64_t before = 0;
    struct deadline *first;
    while ((first = deadlines_first(&d)) != NULL) {
        assert_true(first->at_ns >= before);
        before = first->at_ns;
        deadline_set(&d, first, DEADLINE_NONE);
    }
    for (size_t i = 0; i < COUNT; i++)
        deadlines_release(&d);
    assert_int_equal(d.reserved, 0);
    deadlines_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_one_is_the_earliest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
