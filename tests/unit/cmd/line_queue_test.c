#include "cmocka_all.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/line_queue.h"

#define THREADS  4
#define EACH     5000
#define PATIENCE 20000 /* ms, for what must happen */

/* Keeps what it is given, and can be stopped in the middle of a line. */
struct sink {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_stopped, is_inside;
    unsigned lines, rests;
    uint64_t lost;
    uint64_t next[THREADS]; /* the number that each thread's next line has at least */
    bool in_order;
    char text[4096];
    size_t used;
};

static void note(struct sink *s, const char *text)
{
    int n = snprintf(s->text + s->used, sizeof s->text - s->used, "%s;", text);
    s->used += (size_t)n < sizeof s->text - s->used ? (size_t)n : 0;
}

static void take_line(void *user_data, int kind, const char *text)
{
    struct sink *s = user_data;
    pthread_mutex_lock(&s->lock);
    s->is_inside = true;
    pthread_cond_broadcast(&s->changed);
    while (s->is_stopped)
        pthread_cond_wait(&s->changed, &s->lock);
    s->is_inside = false;
    s->lines++;
    uint64_t number = strtoull(text, NULL, 10);
    s->in_order = s->in_order && number >= s->next[kind];
    s->next[kind] = number + 1;
    note(s, text);
    pthread_mutex_unlock(&s->lock);
}

static void take_lost(void *user_data, uint64_t count)
{
    struct sink *s = user_data;
    char text[32];
    snprintf(text, sizeof text, "(%u)", (unsigned)count);
    pthread_mutex_lock(&s->lock);
    s->lost += count;
    note(s, text);
    pthread_mutex_unlock(&s->lock);
}

static void take_rest(void *user_data)
{
    struct sink *s = user_data;
    pthread_mutex_lock(&s->lock);
    s->rests++;
    pthread_mutex_unlock(&s->lock);
}

static struct line_queue *begin(struct sink *s, size_t max_bytes)
{
    static const struct line_sink functions = {take_line, take_lost, take_rest};
    memset(s, 0, sizeof *s);
    s->in_order = true;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    struct line_queue *q = line_queue_new(&functions, s, max_bytes);
    assert_non_null(q);
    return q;
}

static void end(struct sink *s, struct line_queue *q)
{
    assert_true(line_queue_free(q, PATIENCE));
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}

static void stop(struct sink *s, bool stops)
{
    pthread_mutex_lock(&s->lock);
    s->is_stopped = stops;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void await_inside(struct sink *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->is_inside)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static void put_number(struct line_queue *q, int kind, unsigned number)
{
    char text[24];
    snprintf(text, sizeof text, "%u", number);
    line_queue_put(q, kind, text);
}

static void before_it_starts_lines_are_written_at_once(void **state)
{
    (void)state;
    struct sink s;
    struct line_queue *q = begin(&s, 10); /* too little for any line that waits */
    line_queue_put(q, 0, "1");
    line_queue_put(q, 0, "2");
    assert_string_equal(s.text, "1;2;");
    assert_int_equal(s.rests, 2);
    line_queue_wake(q);
    assert_int_equal(s.rests, 3);
    end(&s, q);
}

static void a_thread_writes_them_in_order(void **state)
{
    (void)state;
    struct sink s;
    struct line_queue *q = begin(&s, 4096);
    line_queue_put(q, 0, "1");
    assert_true(line_queue_start(q));
    line_queue_put(q, 0, "2");
    line_queue_put(q, 0, "3");
    assert_true(line_queue_flush(q, PATIENCE));
    assert_string_equal(s.text, "1;2;3;");
    unsigned rests = s.rests;
    line_queue_wake(q);
    assert_true(line_queue_flush(q, PATIENCE));
    assert_true(s.rests > rests);
    end(&s, q);
}

static void what_has_no_room_is_counted_in_its_place(void **state)
{
    (void)state;
    struct sink s;
    struct line_queue *q = begin(&s, 1000);
    assert_true(line_queue_start(q));
    stop(&s, true);
    unsigned number = 0;
    put_number(q, 0, number++);
    await_inside(&s);
    for (; number < 1000; number++)
        put_number(q, 0, number);
    stop(&s, false);
    assert_true(line_queue_flush(q, PATIENCE));
    put_number(q, 0, number++);
    assert_true(line_queue_flush(q, PATIENCE));
    assert_int_equal(s.lines + s.lost, number);
    assert_true(s.lines > 2 && s.lines < 100);
    char last[64];
    snprintf(last, sizeof last, ";(%u);1000;", (unsigned)s.lost);
    assert_non_null(strstr(s.text, last)); /* once, and where they would have been */
    end(&s, q);
}

static void a_line_of_more_than_everything_is_lost(void **state)
{
    (void)state;
    struct sink s;
    struct line_queue *q = begin(&s, 200);
    assert_true(line_queue_start(q));
    char text[300];
    memset(text, '7', sizeof text);
    text[sizeof text - 1] = '\0';
    line_queue_put(q, 0, text);
    line_queue_put(q, 0, "1");
    assert_true(line_queue_flush(q, PATIENCE));
    assert_string_equal(s.text, "(1);1;");
    end(&s, q);
}

static void nobody_waits_for_a_sink_that_has_stopped(void **state)
{
    (void)state;
    struct sink s;
    struct line_queue *q = begin(&s, 1000);
    assert_true(line_queue_start(q));
    stop(&s, true);
    line_queue_put(q, 0, "1");
    await_inside(&s);
    for (unsigned i = 2; i < 100; i++)
        put_number(q, 0, i);
    line_queue_wake(q);
    assert_false(line_queue_flush(q, 1));
    assert_false(line_queue_free(q, 1)); /* and it still works: */
    stop(&s, false);
    assert_true(line_queue_flush(q, PATIENCE));
    assert_int_equal(s.lines + s.lost, 99);
    end(&s, q);
}

struct writer {
    struct line_queue *queue;
    int kind;
};

static void *put_many(void *user_data)
{
    const struct writer *w = user_data;
    for (unsigned i = 0; i < EACH; i++)
        put_number(w->queue, w->kind, i);
    return NULL;
}

static void every_line_of_many_threads_is_written_or_counted(void **state)
{
    (void)state;
    struct sink s;
    struct line_queue *q = begin(&s, 2000);
    assert_true(line_queue_start(q));
    pthread_t threads[THREADS];
    struct writer writers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){q, i};
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(line_queue_flush(q, PATIENCE));
    assert_int_equal(s.lines + s.lost, THREADS * EACH);
    assert_true(s.in_order);
    end(&s, q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_it_starts_lines_are_written_at_once),
        cmocka_unit_test(a_thread_writes_them_in_order),
        cmocka_unit_test(what_has_no_room_is_counted_in_its_place),
        cmocka_unit_test(a_line_of_more_than_everything_is_lost),
        cmocka_unit_test(nobody_waits_for_a_sink_that_has_stopped),
        cmocka_unit_test(every_line_of_many_threads_is_written_or_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
