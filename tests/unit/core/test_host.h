/* A host for tests: worker threads that run what is offloaded, and an inbox that the test's thread
 * (the home) empties. */
#ifndef TEST_CORE_TEST_HOST_H
#define TEST_CORE_TEST_HOST_H

#include <pthread.h>

#include "core/session.h"

#define TEST_WORKERS 3

struct test_host {
    struct session_host host; /* first */
    pthread_mutex_t lock;
    pthread_cond_t work_there, mail_there;
    struct list work, mail;
    pthread_t threads[TEST_WORKERS];
    int thread_count;
    bool stop;
};

/* workers: 0 for a host without threads (offload is NULL) */
void test_host_start(struct test_host *h, int workers);
void test_host_stop(struct test_host *h);
/* Delivers mail until *flag is true; waits for more when there is none. */
void test_host_pump_until(struct test_host *h, const bool *flag);
/* Waits for mail, and delivers the first. */
void test_host_wait_one(struct test_host *h);
/* Delivers what is there and returns. */
void test_host_pump_one(struct test_host *h); /* at most one */
void test_host_pump(struct test_host *h);

#endif
