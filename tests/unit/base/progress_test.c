#include "cmocka_all.h"

#include "base/progress.h"

#define PATIENCE 1000u

static void who_takes_nothing_is_stalled(void **state)
{
    (void)state;
    struct progress p;
    progress_begin(&p, 50);
    assert_int_equal(progress_deadline(&p, PATIENCE), 1050);
    assert_false(progress_is_stalled(&p, 100, PATIENCE, 1049));
    assert_true(progress_is_stalled(&p, 100, PATIENCE, 1050));
}

/* What was taken long ago does not help. */
static void the_last_time_counts(void **state)
{
    (void)state;
    struct progress p;
    progress_begin(&p, 0);
    progress_note(&p, 1000000, 1);
    assert_false(progress_is_stalled(&p, 100, PATIENCE, 1000));
    assert_int_equal(progress_deadline(&p, PATIENCE), 1001);
    assert_true(progress_is_stalled(&p, 100, PATIENCE, 1001));
}

static void a_trickle_is_stalled(void **state)
{
    (void)state;
    struct progress p;
    progress_begin(&p, 0);
    for (uint64_t now = 100; now <= 1000; now += 100)
        progress_note(&p, 10, now);
    assert_true(progress_is_stalled(&p, 10000, PATIENCE, 1000));
}

static void a_sixteenth_in_each_period_is_enough(void **state)
{
    (void)state;
    struct progress p;
    uint64_t waiting = 16000, now = 0;
    progress_begin(&p, 0);
    for (int period = 0; period < 20; period++) {
        uint64_t part = waiting / 16 + 1;
        now += 900;
        progress_note(&p, part, now);
        waiting -= part;
        now += 100;
        assert_false(progress_is_stalled(&p, waiting, PATIENCE, now));
    }
}

static void a_time_without_end_has_no_deadline(void **state)
{
    (void)state;
    struct progress p;
    progress_begin(&p, 5);
    assert_true(progress_deadline(&p, UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_takes_nothing_is_stalled),
        cmocka_unit_test(the_last_time_counts),
        cmocka_unit_test(a_trickle_is_stalled),
        cmocka_unit_test(a_sixteenth_in_each_period_is_enough),
        cmocka_unit_test(a_time_without_end_has_no_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
