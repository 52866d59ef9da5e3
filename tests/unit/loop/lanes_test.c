#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "loop/lanes.h"

#define MAX_ITEMS 64

struct item {
    struct list link;
    char whose;
};

static struct lanes lanes;
static struct lane_group joe, ann;
static int joe_released, ann_released;
static struct item items[MAX_ITEMS];
static size_t item_count;
static struct lane_turn turns[MAX_ITEMS];

static void release(struct lane_group *group)
{
    (void)group;
    fail(); /* that is the pool's business, see below */
}

static int setup(void **state)
{
    (void)state;
    lanes_init(&lanes, 2, 3, 1);
    lane_group_init(&joe, release);
    lane_group_init(&ann, release);
    joe_released = ann_released = 0;
    item_count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bool rests = joe.abandoned + ann.abandoned == 0;
    for (size_t i = 0; i < LANE_QUEUES; i++)
        rests = rests && !lanes_are_ready(&lanes, i) &&
                joe.queues[i].running + ann.queues[i].running == 0;
    return rests ? 0 : -1;
}

static struct lane *enter(struct lane_group *group)
{
    struct lane *lane = lane_new(group);
    assert_non_null(lane);
    return lane;
}

/* As the pool does once its lock is free. */
static void count_release(struct lane_group *group)
{
    joe_released += group == &joe;
    ann_released += group == &ann;
}

static void leave(struct lane *lane)
{
    count_release(lane_leave(lane));
}

static struct item *add_one(struct lane *lane, char whose, bool is_long)
{
    struct item *item = &items[item_count++];
    item->whose = whose;
    list_init(&item->link);
    lanes_add(&lanes, lane, is_long, &item->link);
    return item;
}

static void add(struct lane *lane, char whose, int count)
{
    while (count-- > 0)
        add_one(lane, whose, false);
}

static void add_long(struct lane *lane, char whose, int count)
{
    while (count-- > 0)
        add_one(lane, whose, true);
}

/* Takes as many as there are, and tells whose they were. */
static void assert_taken_of(bool is_long, size_t first, const char *whose)
{
    for (; *whose; whose++) {
        assert_true(lanes_are_ready(&lanes, is_long));
        turns[first] = lanes_pop(&lanes, is_long);
        assert_int_equal(CONTAINER_OF(turns[first].item, struct item, link)->whose, *whose);
        first++;
    }
    assert_false(lanes_are_ready(&lanes, is_long));
}

static void assert_taken(size_t first, const char *whose)
{
    assert_taken_of(false, first, whose);
}

static void done(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        count_release(lanes_done(&lanes, &turns[i]));
}

static void a_lane_has_its_share(void **state)
{
    (void)state;
    struct lane *a = enter(&joe);
    assert_false(lanes_are_ready(&lanes, false));
    add(a, 'a', 4);
    assert_taken(0, "aa");
    done(0, 1);
    assert_taken(2, "a");
    done(1, 2);
    assert_taken(3, "a");
    done(3, 1);
    assert_false(lanes_are_ready(&lanes, false));
    leave(a);
    assert_int_equal(joe_released, 1);
}

static void a_group_has_one_too(void **state)
{
    (void)state;
    struct lane *a = enter(&joe), *b = enter(&joe), *c = enter(&ann);
    add(a, 'a', 2);
    add(b, 'b', 2);
    assert_taken(0, "aba"); /* in turns, three for joe */
    add(c, 'c', 3);
    assert_taken(3, "cc");
    done(0, 1);
    assert_taken(5, "b");
    done(1, 2);
    done(3, 1);
    assert_taken(6, "c");
    done(4, 3);
    leave(a);
    leave(b);
    leave(c);
    assert_int_equal(joe_released, 2);
    assert_int_equal(ann_released, 1);
}

/* One with many connections is not asked more often than one with a single one. */
static void groups_take_turns(void **state)
{
    (void)state;
    struct lane *joes[3], *anns = enter(&ann);
    for (size_t i = 0; i < 3; i++) {
        joes[i] = enter(&joe);
        add(joes[i], (char)('1' + i), 1);
    }
    add(anns, 'a', 2);
    assert_taken(0, "1a2a3");
    done(0, 5);
    for (size_t i = 0; i < 3; i++)
        leave(joes[i]);
    leave(anns);
}

/* A lane lives until the last of its operations is done, and holds its group for as long. */
static void what_is_left_behind_counts(void **state)
{
    (void)state;
    struct lane *gone[3];
    for (size_t i = 0; i < 3; i++) {
        gone[i] = enter(&joe);
        add(gone[i], 'g', 1);
        turns[i] = lanes_pop(&lanes, false);
        lane_abandon(gone[i]);
        lane_abandon(gone[i]);
        if (i < 2)
            leave(gone[i]); /* its connection is freed, what runs goes on */
    }
    assert_int_equal(joe_released, 0);
    struct lane *next = enter(&joe);
    add(next, 'n', 1);
    assert_false(lanes_are_ready(&lanes, false));
    done(0, 1);
    assert_int_equal(joe_released, 1);
    assert_taken(3, "n");
    done(1, 3);
    leave(gone[2]);
    leave(next);
    assert_int_equal(joe_released, 4);
}

/* What has begun holds what it needs until it ends. Others have their turn all the same. */
static void what_has_begun_comes_first_in_its_lane(void **state)
{
    (void)state;
    struct lane *a = enter(&joe), *b = enter(&joe);
    struct item *first = add_one(a, '1', true);
    add_one(a, '2', true);
    add_one(b, 'b', true);
    assert_taken_of(true, 0, "1");
    lanes_resume(&lanes, a, &first->link);
    done(0, 1);
    assert_taken_of(true, 1, "b");
    done(1, 1);
    assert_taken_of(true, 2, "1");
    done(2, 1);
    assert_taken_of(true, 3, "2");
    done(3, 1);
    leave(a);
    leave(b);
}

/* Three run, three connections are gone and still not free: a fourth would only wait. */
static void a_jam_lets_nobody_in(void **state)
{
    (void)state;
    struct lane *gone[3];
    for (size_t i = 0; i < 3; i++) {
        gone[i] = enter(&joe);
        add(gone[i], 'g', 1);
        turns[i] = lanes_pop(&lanes, false);
    }
    lane_abandon(gone[0]);
    lane_abandon(gone[1]);
    assert_false(lanes_are_jammed(&lanes, &joe));
    lane_abandon(gone[2]);
    assert_true(lanes_are_jammed(&lanes, &joe));
    assert_false(lanes_are_jammed(&lanes, &ann));
    done(0, 1);
    assert_false(lanes_are_jammed(&lanes, &joe));
    done(1, 2);
    for (size_t i = 0; i < 3; i++)
        leave(gone[i]);
}

/* Long operations have threads and a share of their own. */
static void long_operations_keep_to_themselves(void **state)
{
    (void)state;
    struct lane *a = enter(&joe), *c = enter(&ann);
    add_long(a, 'l', 3);
    add(a, 'a', 3);
    add_long(c, 'm', 2);
    assert_taken_of(true, 0, "lm"); /* one of each user */
    assert_taken(2, "aa");
    done(0, 1);
    assert_taken_of(true, 4, "l");
    assert_false(lanes_are_ready(&lanes, false)); /* that was not one of a's two */
    done(2, 1);
    assert_taken(5, "a");
    done(1, 1);
    assert_taken_of(true, 6, "m");
    done(4, 1);
    assert_taken_of(true, 7, "l");
    done(3, 1);
    done(5, 3);
    leave(a);
    leave(c);
}

/* One that goes on is behind all others that wait, of its lane and of other users. */
static void pieces_take_turns(void **state)
{
    (void)state;
    struct lane *a = enter(&joe), *b = enter(&joe), *c = enter(&ann);
    add_long(a, 'a', 1);
    assert_taken_of(true, 0, "a");
    add_long(a, 'x', 1);
    add_long(b, 'b', 1);
    add_long(a, 'a', 1); /* its next piece */
    done(0, 1);
    add_long(c, 'c', 1);
    for (const char *whose = "xcba"; *whose;
         whose++) { /* users in turn, then joe's lanes in turn */
        turns[1] = lanes_pop(&lanes, true);
        assert_int_equal(CONTAINER_OF(turns[1].item, struct item, link)->whose, *whose);
        done(1, 1);
    }
    leave(a);
    leave(b);
    leave(c);
}

static void short_memory(void **state)
{
    (void)state;
    alloc_fail_at(1);
    assert_null(lane_new(&joe));
    assert_true(alloc_failed());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lane_has_its_share),
        TEST(a_group_has_one_too),
        TEST(groups_take_turns),
        TEST(what_is_left_behind_counts),
        TEST(what_has_begun_comes_first_in_its_lane),
        TEST(a_jam_lets_nobody_in),
        TEST(short_memory),
        TEST(long_operations_keep_to_themselves),
        TEST(pieces_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
