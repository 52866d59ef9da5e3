#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "loop/work.h"

static struct work_threads threads;

static int setup(void **state)
{
    (void)state;
    threads = (struct work_threads){
        .max_sessions = 8,
        .max_unauthenticated = 6,
        .max = {[WORK_OPS] = 8,
                [WORK_LONG_OPS] = 2,
                [WORK_TASKS] = 2,
                [WORK_KEX] = 6,
                [WORK_COSTLY_KEX] = 3,
                [WORK_KEYS] = 6,
                [WORK_PASSWORDS] = 2},
    };
    return 0;
}

/* Starts as many as may; how many have a thread then. */
static uint32_t fill(enum work kind)
{
    while (work_may_start(&threads, kind))
        threads.running[kind]++;
    return threads.running[kind];
}

static void a_flood_leaves_each_kind_a_thread(void **state)
{
    (void)state;
    for (uint32_t flood = WORK_FIRST_UNAUTHENTICATED; flood < WORK_COUNT; flood++) {
        setup(state);
        fill((enum work)flood);
        for (uint32_t kind = WORK_FIRST_UNAUTHENTICATED; kind < WORK_COUNT; kind++)
            assert_true(fill((enum work)kind) >= 1);
        assert_int_equal(fill(WORK_OPS), 8); /* sessions do not feel it */
        assert_int_equal(fill(WORK_TASKS), 2);
    }
}

static void costly_exchanges_have_half_at_most(void **state)
{
    (void)state;
    assert_int_equal(fill(WORK_COSTLY_KEX), 3);
    assert_int_equal(fill(WORK_PASSWORDS), 1); /* the other one's are kept for those to come */
    assert_int_equal(fill(WORK_KEYS), 1);
    assert_int_equal(fill(WORK_KEX), 1);
}

static void what_is_not_needed_may_be_used(void **state)
{
    (void)state;
    assert_int_equal(fill(WORK_KEX), 3); /* one each is kept for the three others */
    assert_int_equal(fill(WORK_PASSWORDS), 1);
    threads.running[WORK_KEX] = 1;
    assert_int_equal(fill(WORK_PASSWORDS), 2);
}

/* With fewer threads than kinds, each has one at most. */
static void few_threads(void **state)
{
    (void)state;
    threads.max_unauthenticated = 2;
    assert_int_equal(fill(WORK_COSTLY_KEX), 1);
    assert_int_equal(fill(WORK_PASSWORDS), 1);
    assert_int_equal(fill(WORK_KEX), 0);
    threads.running[WORK_COSTLY_KEX] = 0;
    assert_int_equal(fill(WORK_KEX), 1);
}

static void long_operations_are_a_part_of_the_sessions(void **state)
{
    (void)state;
    assert_int_equal(fill(WORK_LONG_OPS), 2);
    assert_int_equal(fill(WORK_OPS), 6);
    assert_int_equal(fill(WORK_TASKS), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_flood_leaves_each_kind_a_thread, setup),
        cmocka_unit_test_setup(costly_exchanges_have_half_at_most, setup),
        cmocka_unit_test_setup(what_is_not_needed_may_be_used, setup),
        cmocka_unit_test_setup(few_threads, setup),
        cmocka_unit_test_setup(long_operations_are_a_part_of_the_sessions, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
