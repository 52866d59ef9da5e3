#include "cmocka_all.h"

#include <stdio.h>

#include "alloc_failure.h"
#include "server/log_limit.h"

#define S UINT64_C(1000000000)

static struct log_limit *begin(void)
{
    struct log_limit *l = test_calloc(1, sizeof *l);
    assert_non_null(l);
    return l;
}

/* How many of so many lines are allowed. */
static unsigned allowed(struct log_limit *l, const struct log_rates *rates, const char *network,
                        unsigned lines, uint64_t now_ns)
{
    unsigned count = 0;
    for (unsigned i = 0; i < lines; i++)
        count += log_limit_allows(l, rates, network, 0, now_ns) ? 1 : 0;
    return count;
}

static void ten_seconds_may_come_at_once(void **state)
{
    (void)state;
    struct log_limit *l = begin();
    const struct log_rates rates = {.per_address = 5};
    assert_int_equal(allowed(l, &rates, "192.0.2.1", 100, 1000 * S), 50);
    assert_int_equal(allowed(l, &rates, "192.0.2.1", 100, 1001 * S), 5);
    assert_int_equal(allowed(l, &rates, "192.0.2.2", 100, 1001 * S), 50); /* another's are free */
    assert_int_equal(allowed(l, &rates, "192.0.2.1", 100, 1004 * S), 15);
    assert_int_equal(allowed(l, &rates, "192.0.2.1", 100, 5000 * S), 50); /* no more than that */
    struct log_sum sums[LOG_SUMS];
    uint64_t since;
    assert_int_equal(log_limit_pop_sums(l, sums, &since), 2);
    assert_int_equal(since, 1000 * S);
    assert_string_equal(sums[0].network, "192.0.2.1");
    assert_int_equal(sums[0].lines, 50 + 95 + 85 + 50);
    assert_string_equal(sums[1].network, "192.0.2.2");
    assert_int_equal(sums[1].lines, 50);
    assert_int_equal(log_limit_pop_sums(l, sums, &since), 0);
    test_free(l);
}

static void there_is_a_limit_in_all(void **state)
{
    (void)state;
    struct log_limit *l = begin();
    const struct log_rates rates = {.per_address = 5, .in_all = 8};
    assert_int_equal(allowed(l, &rates, "192.0.2.1", 100, 1000 * S), 50);
    assert_int_equal(allowed(l, &rates, "192.0.2.2", 100, 1000 * S), 30);
    assert_int_equal(allowed(l, &rates, "", 10, 1000 * S), 0);
    struct log_sum sums[LOG_SUMS];
    uint64_t since;
    assert_int_equal(log_limit_pop_sums(l, sums, &since), 3);
    assert_string_equal(sums[0].network, "192.0.2.2");
    assert_string_equal(sums[2].network, "unknown");
    assert_int_equal(sums[2].lines, 10);
    test_free(l);
}

static void without_rates_there_is_no_limit(void **state)
{
    (void)state;
    struct log_limit *l = begin();
    const struct log_rates rates = {0, 0};
    assert_int_equal(allowed(l, &rates, "192.0.2.1", 100000, 1), 100000);
    test_free(l);
}

static void long_lines_count_as_several(void **state)
{
    (void)state;
    struct log_limit *l = begin();
    const struct log_rates rates = {.per_address = 5};
    unsigned count = 0;
    while (log_limit_allows(l, &rates, "192.0.2.1", 9 * 1024, 1000 * S))
        count++;
    assert_int_equal(count, 5); /* each as ten */
    test_free(l);
}

/* Of more addresses than are remembered: no line goes without being counted. */
static void every_line_left_out_is_in_a_sum(void **state)
{
    (void)state;
    struct log_limit *l = begin();
    const struct log_rates rates = {.per_address = 1, .in_all = 100};
    uint64_t left_out = 0, told = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char network[32];
        snprintf(network, sizeof network, "2001:db8:%x::", i % 1000);
        if (!log_limit_allows(l, &rates, network, 0, 1000 * S))
            left_out++;
    }
    assert_int_equal(left_out, 19000);
    struct log_sum sums[LOG_SUMS];
    uint64_t since;
    size_t count = log_limit_pop_sums(l, sums, &since);
    assert_int_equal(count, LOG_SUMS);
    for (size_t i = 0; i < count; i++) {
        told += sums[i].lines;
        assert_int_equal(*sums[i].network == '\0', i == LOG_SUMS - 1);
        assert_true(i == LOG_SUMS - 1 || sums[i].addresses == 1);
        assert_true(i == 0 || i == LOG_SUMS - 1 || sums[i].lines <= sums[i - 1].lines);
    }
    assert_true(sums[LOG_SUMS - 1].addresses > 1);
    assert_int_equal(told, left_out);
    test_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_seconds_may_come_at_once),
        cmocka_unit_test(there_is_a_limit_in_all),
        cmocka_unit_test(without_rates_there_is_no_limit),
        cmocka_unit_test(long_lines_count_as_several),
        cmocka_unit_test(every_line_left_out_is_in_a_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
