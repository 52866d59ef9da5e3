#include "client/waker.h"

#include "cmocka_all.h"

static void *wake(void *arg)
{
    waker_wake(arg);
    return NULL;
}

static void test_nothing_is_lost(void **state)
{
    struct waker w;
    pthread_t thread;
    (void)state;
    assert_true(waker_init(&w));
    uint64_t seen = waker_count(&w);
    waker_wake(&w);
    assert_true(waker_wait(&w, seen, WAKER_FOREVER));
    seen = waker_count(&w);
    assert_int_equal(pthread_create(&thread, NULL, wake, &w), 0);
    assert_true(waker_wait(&w, seen, WAKER_FOREVER));
    assert_int_equal(pthread_join(thread, NULL), 0);
    waker_clear(&w);
}

static void test_deadlines(void **state)
{
    struct waker w;
    (void)state;
    assert_true(waker_init(&w));
    assert_false(waker_wait(&w, waker_count(&w), 0));
    uint64_t until = waker_now() + 2000000;
    assert_false(waker_wait(&w, waker_count(&w), until));
    assert_true(waker_now() >= until);
    waker_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
