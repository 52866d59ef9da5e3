#include "core/test_host.h"

static void *worker(void *arg)
{
    struct test_host *h = arg;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        struct list *item = list_pop_first(&h->work);
        if (item) {
            pthread_mutex_unlock(&h->lock);
            session_run(CONTAINER_OF(item, struct op, link));
            pthread_mutex_lock(&h->lock);
        } else if (h->stop) {
            break;
        } else {
            pthread_cond_wait(&h->work_there, &h->lock);
        }
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static void offload(struct session_host *host, struct op *op)
{
    struct test_host *h = (struct test_host *)(void *)host;
    pthread_mutex_lock(&h->lock);
    list_append(&h->work, &op->link);
    pthread_cond_signal(&h->work_there);
    pthread_mutex_unlock(&h->lock);
}

static void wake(struct session_host *host, struct op *op)
{
    struct test_host *h = (struct test_host *)(void *)host;
    pthread_mutex_lock(&h->lock);
    list_append(&h->mail, &op->link);
    pthread_cond_signal(&h->mail_there);
    pthread_mutex_unlock(&h->lock);
}

static uint64_t now(struct session_host *host)
{
    (void)host;
    return 42;
}

void test_host_start(struct test_host *h, int workers)
{
    *h = (struct test_host){
        .host = {.offload = workers ? offload : NULL, .wake = wake, .now_ns = now}};
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->work_there, NULL);
    pthread_cond_init(&h->mail_there, NULL);
    list_init(&h->work);
    list_init(&h->mail);
    for (int i = 0; i < workers; i++)
        pthread_create(&h->threads[h->thread_count++], NULL, worker, h);
}

void test_host_stop(struct test_host *h)
{
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_broadcast(&h->work_there);
    pthread_mutex_unlock(&h->lock);
    for (int i = 0; i < h->thread_count; i++)
        pthread_join(h->threads[i], NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->work_there);
    pthread_cond_destroy(&h->mail_there);
}

static bool deliver_one(struct test_host *h, bool wait)
{
    pthread_mutex_lock(&h->lock);
    struct list *item;
    while ((item = list_pop_first(&h->mail)) == NULL && wait)
        pthread_cond_wait(&h->mail_there, &h->lock);
    pthread_mutex_unlock(&h->lock);
    if (item)
        session_deliver(CONTAINER_OF(item, struct op, link));
    return item != NULL;
}

void test_host_pump_until(struct test_host *h, const bool *flag)
{
    while (!*flag)
        deliver_one(h, true);
}

void test_host_wait_one(struct test_host *h)
{
    deliver_one(h, true);
}

void test_host_pump_one(struct test_host *h)
{
    deliver_one(h, false);
}

void test_host_pump(struct test_host *h)
{
    while (deliver_one(h, false)) {
    }
}
