#include <pthread.h>

#include "cmocka_all.h"

#include "os/thread.h"

static void *tell_id(void *out)
{
    *(uint64_t *)out = os_thread_id();
    return NULL;
}

static void each_thread_has_a_number_while_it_lives(void **state)
{
    (void)state;
    uint64_t other = 0, self = os_thread_id();
    assert_int_equal(os_thread_id(), self);
    assert_true(os_thread_exists(self));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, tell_id, &other), 0);
    pthread_join(thread, NULL);
    assert_true(other != 0 && other != self);
    /* The system may need a moment to forget it. */
    for (int i = 0; i < 100000 && os_thread_exists(other); i++)
        sched_yield();
    assert_false(os_thread_exists(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_has_a_number_while_it_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
