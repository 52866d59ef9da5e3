/* Who has a turn when: places of members and owners in the queue, counted in turns. */
#include <stdio.h>
#include <string.h>

#include "alloc_failure.h"
#include "cmocka_all.h"

#include "loop/member.h"

/* Writes its letter in each turn. */
struct probe {
    struct loop_member member;
    char letter;
    uint32_t wants; /* turns, still */
    uint32_t costs; /* units of each */
    bool leaves;
};

static struct turn_queue queue;
static uint64_t clock_ns;
static char told[256];
static const char anna[1], joe[1], max[1]; /* owners */

static uint64_t now_ns(void)
{
    return clock_ns;
}

static void on_turn(struct loop_member *m)
{
    struct probe *p = CONTAINER_OF(m, struct probe, member);
    size_t size = strlen(told);
    if (size + 1 < sizeof told)
        told[size] = p->letter;
    turn_spend(&queue.turn, p->costs);
    if (p->leaves)
        turn_queue_remove(&queue, m);
    else if (--p->wants)
        turn_queue_add(&queue, m);
}

static const struct loop_member_methods methods = {.turn = on_turn};

static void make(struct probe *p, char letter, const void *owner, uint32_t wants, uint32_t costs)
{
    *p = (struct probe){.letter = letter, .wants = wants, .costs = costs};
    loop_member_init(&p->member, &methods);
    turn_queue_set_owner(&queue, &p->member, owner);
    turn_queue_add(&queue, &p->member);
}

static int setup(void **state)
{
    (void)state;
    turn_queue_init(&queue, now_ns);
    memset(told, 0, sizeof told);
    return 0;
}

static bool run(void)
{
    bool was_cut = false;
    turn_queue_run(&queue, &was_cut);
    return was_cut;
}

static void whoever_has_had_a_turn_is_last(void **state)
{
    (void)state;
    struct probe a, b, c;
    make(&a, 'a', NULL, 4, TURN_UNITS);
    make(&b, 'b', NULL, 2, 1);
    make(&c, 'c', NULL, 1, 1);
    assert_true(run());
    assert_string_equal(told, "abc");
    assert_true(run());
    assert_true(run());
    assert_true(run());
    assert_string_equal(told, "abcabaa");
    assert_false(run());
    assert_string_equal(told, "abcabaa");
}

/* A hundred connections that flood have one place among the users. */
static void many_connections_are_one_place(void **state)
{
    (void)state;
    static struct probe joes[100];
    struct probe a;
    for (size_t i = 0; i < COUNT_OF(joes); i++)
        make(&joes[i], 'j', joe, 1, TURN_UNITS);
    make(&a, 'a', anna, 3, 1);
    for (int i = 0; i < 4; i++)
        assert_true(run());
    assert_string_equal(told, "jajajaj");
    for (size_t i = 0; i < COUNT_OF(joes); i++)
        turn_queue_remove(&queue, &joes[i].member);
    assert_false(run());
    assert_string_equal(told, "jajajaj");
    turn_queue_remove(&queue, &a.member);
}

/* As long as there is little to do, all of an owner's have their turn at once. */
static void short_work_of_many_fits_into_one_turn(void **state)
{
    (void)state;
    struct probe p[6];
    for (size_t i = 0; i < COUNT_OF(p); i++)
        make(&p[i], (char)('1' + i), i < 4 ? joe : max, 1, 5);
    assert_false(run());
    assert_string_equal(told, "123456");
    for (size_t i = 0; i < COUNT_OF(p); i++)
        turn_queue_remove(&queue, &p[i].member);
}

/* In an owner's next turn it goes on with those that were not reached. */
static void turns_go_around_within_a_place(void **state)
{
    (void)state;
    struct probe p[3];
    for (size_t i = 0; i < COUNT_OF(p); i++)
        make(&p[i], (char)('1' + i), joe, 2, TURN_UNITS);
    for (int i = 0; i < 6; i++)
        run();
    assert_string_equal(told, "123123");
    for (size_t i = 0; i < COUNT_OF(p); i++)
        turn_queue_remove(&queue, &p[i].member);
}

static void time_ends_a_turn(void **state)
{
    (void)state;
    struct turn t = {.now_ns = now_ns};
    turn_begin(&t);
    turn_spend(&t, TURN_FIRST_LOOK); /* time is measured from here */
    turn_spend(&t, TURN_LOOK - 1);
    clock_ns += TURN_NS;
    assert_false(turn_is_over(&t)); /* no one has looked */
    turn_spend(&t, 1);
    assert_true(turn_is_over(&t));
    turn_begin(&t);
    assert_false(turn_is_over(&t));
    turn_note_time(&t, clock_ns); /* or from here */
    turn_note_time(&t, clock_ns + TURN_NS - 1);
    assert_false(turn_is_over(&t));
    turn_note_time(&t, clock_ns + TURN_NS);
    assert_true(turn_is_over(&t));
    turn_spend(NULL, TURN_UNITS);
    assert_false(turn_is_over(NULL));
}

static void one_that_leaves_takes_its_place_along(void **state)
{
    (void)state;
    struct probe a, b;
    make(&a, 'a', joe, 5, TURN_UNITS);
    make(&b, 'b', joe, 1, 1);
    a.leaves = true;
    assert_true(run());
    assert_string_equal(told, "a");
    turn_queue_remove(&queue, &b.member); /* not reached, and the last one */
    turn_queue_remove(&queue, &b.member);
    for (size_t i = 0; i < TURN_QUEUE_BUCKETS; i++)
        assert_null(queue.owned[i]);
    assert_false(run());
    assert_string_equal(told, "a");
}

static void a_member_changes_its_owner(void **state)
{
    (void)state;
    struct probe a, b;
    make(&a, 'a', max, 2, TURN_UNITS);
    make(&b, 'b', max, 1, 1);
    turn_queue_set_owner(&queue, &b.member, anna); /* still ready */
    assert_true(run());
    assert_string_equal(told, "ab");
    turn_queue_set_owner(&queue, &a.member, NULL);
    assert_true(run());
    assert_string_equal(told, "aba");
    alloc_fail_at(1);
    turn_queue_set_owner(&queue, &a.member, joe); /* alone, then */
    assert_true(alloc_failed());
    assert_ptr_equal(a.member.place, &a.member.own_place);
    turn_queue_remove(&queue, &b.member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whoever_has_had_a_turn_is_last, setup),
        cmocka_unit_test_setup(many_connections_are_one_place, setup),
        cmocka_unit_test_setup(short_work_of_many_fits_into_one_turn, setup),
        cmocka_unit_test_setup(turns_go_around_within_a_place, setup),
        cmocka_unit_test_setup(time_ends_a_turn, setup),
        cmocka_unit_test_setup(one_that_leaves_takes_its_place_along, setup),
        cmocka_unit_test_setup(a_member_changes_its_owner, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
