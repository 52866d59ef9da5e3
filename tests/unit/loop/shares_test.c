#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "loop/shares.h"

#define MANY 900

static struct share_queue queue;
static struct share joe, ann, jim;
static struct task tasks[MANY + 10];

static int setup(void **state)
{
    (void)state;
    shares_init(&queue);
    share_init(&joe);
    share_init(&ann);
    share_init(&jim);
    for (size_t i = 0; i < COUNT_OF(tasks); i++)
        list_init(&tasks[i].link);
    return 0;
}

static void add(struct share *share, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        shares_add(&queue, share, &tasks[i]);
}

static void expect(size_t number)
{
    assert_false(shares_are_empty(&queue));
    assert_ptr_equal(shares_pop(&queue), &tasks[number]);
}

static void one_share_is_in_order(void **state)
{
    (void)state;
    assert_true(shares_are_empty(&queue));
    add(&joe, 0, 3);
    expect(0);
    add(&joe, 3, 1);
    for (size_t i = 1; i < 4; i++)
        expect(i);
    assert_true(shares_are_empty(&queue));
}

/* However many are ahead of it, who comes waits for one task of each of the others. */
static void many_of_one_are_one_turn(void **state)
{
    (void)state;
    add(&joe, 0, MANY);
    expect(0);
    add(&ann, MANY, 2);
    add(&jim, MANY + 2, 1);
    expect(1);
    expect(MANY);
    expect(MANY + 2);
    expect(2);
    expect(MANY + 1);
    for (size_t i = 3; i < MANY; i++)
        expect(i);
    assert_true(shares_are_empty(&queue));
}

/* Who was out of tasks and comes back is behind those who waited meanwhile. */
static void who_comes_back_queues_up(void **state)
{
    (void)state;
    add(&joe, 0, 2);
    add(&ann, 2, 1);
    expect(0);
    expect(2);
    add(&ann, 3, 1);
    expect(1);
    expect(3);
}

int main(void)
{
    const struct CMUnitTest tests_of_shares[] = {
        cmocka_unit_test_setup(one_share_is_in_order, setup),
        cmocka_unit_test_setup(many_of_one_are_one_turn, setup),
        cmocka_unit_test_setup(who_comes_back_queues_up, setup),
    };
    return cmocka_run_group_tests(tests_of_shares, NULL, NULL);
}
