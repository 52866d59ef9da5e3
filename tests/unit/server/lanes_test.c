#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "server/lanes.h"

#define MAX_ITEMS 64

struct item {
    struct list link;
    char whose;
};

static struct lanes lanes;
static struct item items[MAX_ITEMS];
static size_t item_count;
static struct lane_turn turns[MAX_ITEMS];

static int setup(void **state)
{
    (void)state;
    lanes_init(&lanes, 2, 3);
    item_count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < LANES_BUCKETS; i++)
        if (lanes.buckets[i])
            return -1; /* whoever has nothing here any more is forgotten */
    lanes_clear(&lanes);
    return 0;
}

static void enter(struct lane *lane, const char *user)
{
    lane_init(lane);
    assert_null(lanes_enter(&lanes, lane, user));
}

static void add(struct lane *lane, char whose, int count)
{
    while (count-- > 0) {
        struct item *item = &items[item_count++];
        item->whose = whose;
        list_init(&item->link);
        lanes_add(&lanes, lane, &item->link);
    }
}

/* Takes as many as there are, and tells whose they were. */
static void assert_taken(size_t first, const char *whose)
{
    for (; *whose; whose++) {
        assert_true(lanes_want(&lanes));
        turns[first] = lanes_take(&lanes);
        assert_int_equal(CONTAINER_OF(turns[first].item, struct item, link)->whose, *whose);
        first++;
    }
    assert_false(lanes_want(&lanes));
}

static void done(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        lanes_done(&lanes, &turns[i]);
}

static void a_connection_has_its_share(void **state)
{
    (void)state;
    struct lane a;
    assert_false(lanes_want(&lanes));
    enter(&a, "joe");
    add(&a, 'a', 4);
    assert_taken(0, "aa");
    done(0, 1);
    assert_taken(2, "a");
    done(1, 2);
    assert_taken(3, "a");
    done(3, 1);
    assert_false(lanes_want(&lanes));
    lanes_leave(&lanes, &a);
}

static void a_user_has_one_too(void **state)
{
    (void)state;
    struct lane a, b, c;
    enter(&a, "joe");
    enter(&b, "joe");
    enter(&c, "ann");
    add(&a, 'a', 2);
    add(&b, 'b', 2);
    assert_taken(0, "aba"); /* in turns, three for joe */
    add(&c, 'c', 3);
    assert_taken(3, "cc");
    done(0, 1);
    assert_taken(5, "b");
    done(1, 2);
    done(3, 1);
    assert_taken(6, "c");
    done(4, 3);
    lanes_leave(&lanes, &a);
    lanes_leave(&lanes, &b);
    lanes_leave(&lanes, &c);
}

/* One with many connections is not asked more often than one with a single one. */
static void users_take_turns(void **state)
{
    (void)state;
    struct lane joe[3], ann;
    for (size_t i = 0; i < 3; i++) {
        enter(&joe[i], "joe");
        add(&joe[i], (char)('1' + i), 1);
    }
    enter(&ann, "ann");
    add(&ann, 'a', 2);
    assert_taken(0, "1a2a3");
    done(0, 5);
    for (size_t i = 0; i < 3; i++)
        lanes_leave(&lanes, &joe[i]);
    lanes_leave(&lanes, &ann);
}

static void what_is_left_behind_counts(void **state)
{
    (void)state;
    struct lane gone[3], next;
    for (size_t i = 0; i < 3; i++) {
        enter(&gone[i], "joe");
        add(&gone[i], 'g', 1);
        turns[i] = lanes_take(&lanes);
        lanes_abandon(&gone[i]);
        lanes_abandon(&gone[i]);
        if (i < 2)
            lanes_leave(&lanes, &gone[i]); /* its connection is freed, what runs goes on */
    }
    enter(&next, "joe");
    add(&next, 'n', 1);
    assert_false(lanes_want(&lanes));
    done(0, 1);
    assert_taken(3, "n");
    done(1, 3);
    lanes_leave(&lanes, &gone[2]);
    lanes_leave(&lanes, &next);
}

/* Three run, three connections are gone and still not free: a fourth would only wait. */
static void a_jam_lets_nobody_in(void **state)
{
    (void)state;
    struct lane gone[3], next;
    for (size_t i = 0; i < 3; i++) {
        enter(&gone[i], "joe");
        add(&gone[i], 'g', 1);
        turns[i] = lanes_take(&lanes);
    }
    lanes_abandon(&gone[0]);
    lanes_abandon(&gone[1]);
    enter(&next, "joe");
    lanes_leave(&lanes, &next);
    lanes_abandon(&gone[2]);
    lane_init(&next);
    assert_non_null(lanes_enter(&lanes, &next, "joe"));
    lanes_leave(&lanes, &next); /* it never came in */
    enter(&next, "ann");
    lanes_leave(&lanes, &next);
    done(0, 1);
    lanes_leave(&lanes, &gone[0]);
    enter(&next, "joe");
    lanes_leave(&lanes, &next);
    done(1, 2);
    lanes_leave(&lanes, &gone[1]);
    lanes_leave(&lanes, &gone[2]);
}

static void short_memory(void **state)
{
    (void)state;
    struct lane a;
    lane_init(&a);
    alloc_fail_at(1);
    assert_string_equal(lanes_enter(&lanes, &a, "joe"), "out of memory");
    assert_true(alloc_failed());
    assert_null(a.user);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_has_its_share), TEST(a_user_has_one_too),   TEST(users_take_turns),
        TEST(what_is_left_behind_counts), TEST(a_jam_lets_nobody_in), TEST(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
