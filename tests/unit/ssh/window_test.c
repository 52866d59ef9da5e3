#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ssh/window.h"

#define KIB 1024u
#define MIB (1024u * KIB)
#define MS  UINT64_C(1000000)

struct inline_budget {
    size_t charged, limit;
};

static const char *charge(void *user_data, size_t bytes, uint32_t part)
{
    struct inline_budget *b = user_data;
    (void)part;
    if (bytes > b->limit - b->charged)
        return "limits.memory";
    b->charged += bytes;
    return NULL;
}

static void release(void *user_data, size_t bytes)
{
    struct inline_budget *b = user_data;
    assert_true(bytes <= b->charged);
    b->charged -= bytes;
}

static void takes_exactly_what_was_granted(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    assert_null(window_open(&w, &none, 1000, 100, 0));
    assert_true(window_accept(&w, 999, 0));
    assert_true(window_accept(&w, 0, 0));
    assert_false(window_accept(&w, 2, 0));
    assert_true(window_accept(&w, 1, 0));
    assert_false(window_accept(&w, 1, 0));
    assert_false(window_accept(&w, UINT32_MAX, 0));
}

static void adjusts_when_an_eighth_is_owed(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    window_open(&w, &none, 1000, 100, 0);
    window_accept(&w, 600, 0);
    assert_false(window_is_due(&w));
    window_credit(&w, 124);
    assert_false(window_is_due(&w));
    window_credit(&w, 1);
    assert_true(window_is_due(&w));
    assert_int_equal(window_adjust(&w, &none, 1000, 1), 125);
    assert_int_equal(w.granted, 525);
    assert_false(window_is_due(&w));
}

static void ignores_credit_beyond_what_is_held(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    window_open(&w, &none, 1000, 100, 0);
    window_accept(&w, 600, 0);
    window_credit(&w, SIZE_MAX);
    assert_int_equal(window_adjust(&w, &none, 1000, 1), 600);
    assert_int_equal(w.granted, 1000);
    window_credit(&w, 5);
    assert_false(window_is_due(&w));
}

static void largest_window_does_not_overflow(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    assert_null(window_open(&w, &none, UINT32_MAX, 1, 0));
    assert_true(window_accept(&w, UINT32_MAX, 0));
    window_credit(&w, UINT32_MAX);
    assert_int_equal(window_adjust(&w, &none, UINT32_MAX, 1), UINT32_MAX);
    assert_int_equal(w.granted, UINT32_MAX);
}

static void falls_back_when_the_budget_is_short(void **state)
{
    (void)state;
    struct inline_budget b = {0, 5000};
    struct window_budget budget = {charge, release, &b};
    struct window w, other;
    assert_null(window_open(&w, &budget, 10000, 3000, 0));
    assert_int_equal(w.granted, 3000);
    assert_int_equal(b.charged, 3000);
    assert_string_equal(window_open(&other, &budget, 10000, 3000, 0), "limits.memory");
    assert_int_equal(b.charged, 3000);
    window_close(&w, &budget);
    assert_int_equal(b.charged, 0);
}

/* A sender over a line: as many bytes per millisecond as the line carries, as far as it was
 * granted, adjusts arriving after half a round trip. The owner is done with everything at once. */
struct line {
    uint64_t sender_window, per_ms;
    unsigned half_trip_ms;
    uint64_t adjusts[1024], data[1024]; /* by the time of arrival */
};

static uint64_t run_line(struct line *l, struct window *w, const struct window_budget *budget,
                         uint32_t max, uint64_t from_ms, uint64_t to_ms)
{
    uint64_t total = 0;
    for (uint64_t ms = from_ms; ms < to_ms; ms++) {
        uint64_t now = ms * MS;
        l->sender_window += l->adjusts[ms % 1024];
        l->adjusts[ms % 1024] = 0;
        uint64_t n = l->sender_window < l->per_ms ? l->sender_window : l->per_ms;
        l->sender_window -= n;
        l->data[(ms + l->half_trip_ms) % 1024] += n;

        uint64_t come = l->data[ms % 1024];
        l->data[ms % 1024] = 0;
        total += come;
        while (come) {
            uint32_t piece = come < 32768 ? (uint32_t)come : 32768;
            assert_true(window_accept(w, piece, now));
            window_credit(w, piece);
            if (window_is_due(w))
                l->adjusts[(ms + l->half_trip_ms) % 1024] += window_adjust(w, budget, max, now);
            come -= piece;
        }
    }
    return total;
}

static void grows_on_a_long_fast_line(void **state)
{
    (void)state;
    struct inline_budget b = {0, SIZE_MAX};
    struct window_budget budget = {charge, release, &b};
    struct window w;
    struct line l = {.sender_window = 2 * MIB, .per_ms = 125000, .half_trip_ms = 50};
    window_open(&w, &budget, 2 * MIB, 64 * KIB, 0);
    window_note_trip(&w, 0, 105 * MS);
    run_line(&l, &w, &budget, 64 * MIB, 0, 3000);
    assert_true(w.size >= 16 * MIB && w.size <= 32 * MIB);
    assert_int_equal(b.charged, w.size);
    uint64_t bytes = run_line(&l, &w, &budget, 64 * MIB, 3000, 5000);
    assert_true(bytes >= UINT64_C(2000) * 125000 * 99 / 100);
    window_close(&w, &budget);
    assert_int_equal(b.charged, 0);
}

/* From the start of a channel, silently from the owner. */
static void grows_from_a_small_start(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    struct line l = {.sender_window = 64 * KIB, .per_ms = 125000, .half_trip_ms = 50};
    window_open(&w, &none, 64 * KIB, 64 * KIB, 0);
    window_note_trip(&w, 0, 100 * MS);
    run_line(&l, &w, &none, 64 * MIB, 0, 700); /* seven trips */
    assert_true(w.size >= 8 * MIB);
    run_line(&l, &w, &none, 64 * MIB, 700, 1000);
    uint64_t bytes = run_line(&l, &w, &none, 64 * MIB, 1000, 3000);
    assert_true(bytes >= UINT64_C(2000) * 125000 * 98 / 100);
}

static void grows_at_once_for_an_upload(void **state)
{
    (void)state;
    struct inline_budget b = {0, SIZE_MAX};
    struct window_budget budget = {charge, release, &b};
    struct window w;
    window_open(&w, &budget, 64 * KIB, 64 * KIB, 0);
    window_expect(&w, &budget, 2 * MIB);
    assert_int_equal(b.charged, 2 * MIB);
    assert_true(window_is_due(&w));
    assert_int_equal(window_adjust(&w, &budget, 64 * MIB, MS), 2 * MIB - 64 * KIB);
    window_expect(&w, &budget, MIB); /* it is larger already */
    assert_int_equal(w.size, 2 * MIB);
    window_close(&w, &budget);
    assert_int_equal(b.charged, 0);
}

static void expects_less_when_memory_is_short(void **state)
{
    (void)state;
    struct inline_budget b = {0, MIB};
    struct window_budget budget = {charge, release, &b};
    struct window w;
    window_open(&w, &budget, 64 * KIB, 64 * KIB, 0);
    window_expect(&w, &budget, 2 * MIB);
    assert_int_equal(w.size, MIB);
    assert_int_equal(b.charged, MIB);
}

/* What was granted cannot be taken back, but it is not granted again. */
static void shrinks_when_the_upload_has_ended(void **state)
{
    (void)state;
    struct inline_budget b = {0, SIZE_MAX};
    struct window_budget budget = {charge, release, &b};
    struct window w;
    window_open(&w, &budget, 64 * KIB, 64 * KIB, 0);
    window_expect(&w, &budget, 2 * MIB);
    window_adjust(&w, &budget, 64 * MIB, MS);
    window_relax(&w);
    window_accept(&w, MIB, 2 * MS);
    window_credit(&w, MIB);
    assert_int_equal(window_adjust(&w, &budget, 64 * MIB, 3 * MS), 0);
    assert_int_equal(b.charged, MIB);
    window_accept(&w, MIB, 4 * MS);
    window_credit(&w, MIB);
    assert_int_equal(window_adjust(&w, &budget, 64 * MIB, 5 * MS), 64 * KIB);
    assert_int_equal(b.charged, 64 * KIB);
}

static void an_idle_one_keeps_what_is_owed(void **state)
{
    (void)state;
    struct inline_budget b = {0, SIZE_MAX};
    struct window_budget budget = {charge, release, &b};
    struct window w;
    window_open(&w, &budget, 64 * KIB, 64 * KIB, 0);
    window_expect(&w, &budget, 2 * MIB);
    window_adjust(&w, &budget, 64 * MIB, MS);
    window_accept(&w, 100 * KIB, 2 * MS);
    window_credit(&w, 100 * KIB);
    assert_false(window_is_due(&w));
    window_trim(&w, &budget);
    assert_int_equal(w.size, 2 * MIB - 100 * KIB);
    assert_int_equal(b.charged, w.size);
    assert_int_equal(w.granted, w.size);
}

/* Long before its cycles could tell. */
static void grows_at_once_for_a_burst(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    struct line l = {.sender_window = 2 * MIB, .per_ms = 125000, .half_trip_ms = 50};
    window_open(&w, &none, 2 * MIB, 64 * KIB, 0);
    window_note_trip(&w, 0, 100 * MS);
    run_line(&l, &w, &none, 64 * MIB, 0, 100);
    assert_int_equal(w.size, 4 * MIB); /* no one knows yet how long the trip really is */
    run_line(&l, &w, &none, 64 * MIB, 100, 200);
    assert_int_equal(w.size, 16 * MIB);
    run_line(&l, &w, &none, 64 * MIB, 200, 10000);
    assert_true(w.size <= 32 * MIB);
}

static void stays_small_on_a_short_line(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    struct line l = {.sender_window = 2 * MIB, .per_ms = 125000, .half_trip_ms = 1};
    window_open(&w, &none, 2 * MIB, 64 * KIB, 0);
    window_note_trip(&w, 0, 4 * MS);
    uint64_t bytes = run_line(&l, &w, &none, 64 * MIB, 0, 10000);
    assert_int_equal(w.size, 2 * MIB);
    assert_true(bytes >= UINT64_C(10000) * 125000 * 99 / 100);
}

static void stays_small_for_a_slow_sender(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    struct line l = {.sender_window = 2 * MIB, .per_ms = 1000, .half_trip_ms = 100};
    window_open(&w, &none, 2 * MIB, 64 * KIB, 0);
    window_note_trip(&w, 0, 230 * MS);
    run_line(&l, &w, &none, 64 * MIB, 0, 60000);
    assert_int_equal(w.size, 2 * MIB);
}

/* The first trip seems long, because someone was thinking: the adjusts tell better. */
static void hardly_grows_for_a_wrong_first_trip(void **state)
{
    (void)state;
    struct window_budget none = {0};
    struct window w;
    struct line l = {.sender_window = 2 * MIB, .per_ms = 125000, .half_trip_ms = 1};
    window_open(&w, &none, 2 * MIB, 64 * KIB, 0);
    window_note_trip(&w, 0, 5000 * MS);
    run_line(&l, &w, &none, 64 * MIB, 0, 10000);
    assert_true(w.size <= 4 * MIB);
}

static void grows_no_further_than_allowed(void **state)
{
    (void)state;
    struct inline_budget b = {0, 5 * MIB};
    struct window_budget budget = {charge, release, &b};
    struct window w;
    struct line l = {.sender_window = 2 * MIB, .per_ms = 125000, .half_trip_ms = 100};
    window_open(&w, &budget, 2 * MIB, 64 * KIB, 0);
    run_line(&l, &w, &budget, 64 * MIB, 0, 3000);
    assert_int_equal(w.size, 4 * MIB); /* eight would be beyond the budget */
    b.limit = SIZE_MAX;
    run_line(&l, &w, &budget, 7 * MIB, 3000, 6000);
    assert_int_equal(w.size, 7 * MIB); /* the maximum is met though it is no power of two */
}

static void shrinks_when_little_comes(void **state)
{
    (void)state;
    struct inline_budget b = {0, SIZE_MAX};
    struct window_budget budget = {charge, release, &b};
    struct window w;
    struct line l = {.sender_window = 2 * MIB, .per_ms = 125000, .half_trip_ms = 100};
    window_open(&w, &budget, 2 * MIB, 64 * KIB, 0);
    run_line(&l, &w, &budget, 64 * MIB, 0, 5000);
    uint32_t large = w.size;
    assert_true(large >= 16 * MIB);
    l.per_ms = 200; /* what was granted has to be used up first */
    run_line(&l, &w, &budget, 64 * MIB, 5000, 600000);
    assert_true(w.size <= 4 * MIB);
    assert_int_equal(b.charged, w.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_exactly_what_was_granted),
        cmocka_unit_test(adjusts_when_an_eighth_is_owed),
        cmocka_unit_test(ignores_credit_beyond_what_is_held),
        cmocka_unit_test(largest_window_does_not_overflow),
        cmocka_unit_test(falls_back_when_the_budget_is_short),
        cmocka_unit_test(grows_on_a_long_fast_line),
        cmocka_unit_test(grows_from_a_small_start),
        cmocka_unit_test(grows_at_once_for_an_upload),
        cmocka_unit_test(expects_less_when_memory_is_short),
        cmocka_unit_test(shrinks_when_the_upload_has_ended),
        cmocka_unit_test(an_idle_one_keeps_what_is_owed),
        cmocka_unit_test(grows_at_once_for_a_burst),
        cmocka_unit_test(stays_small_on_a_short_line),
        cmocka_unit_test(stays_small_for_a_slow_sender),
        cmocka_unit_test(hardly_grows_for_a_wrong_first_trip),
        cmocka_unit_test(grows_no_further_than_allowed),
        cmocka_unit_test(shrinks_when_little_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
