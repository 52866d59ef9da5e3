#include "fs/fault_late.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/mem.h"

#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000u

struct late {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct list waiting; /* struct late_answer, in no order */
    pthread_t thread;
    bool stop;
    bool alone; /* freed from inside the thread: it cleans up after itself */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void clear(struct late *late)
{
    pthread_mutex_destroy(&late->lock);
    pthread_cond_destroy(&late->changed);
    mem_free(late);
}

static struct late_answer *earliest(struct late *late)
{
    struct late_answer *first = NULL;
    LIST_EACH (item, &late->waiting) {
        struct late_answer *answer = CONTAINER_OF(item, struct late_answer, link);
        if (!first || answer->due_ns < first->due_ns)
            first = answer;
    }
    return first;
}

static void wait_until(struct late *late, uint64_t due_ns)
{
    struct timespec due = {.tv_sec = (time_t)(due_ns / NS_PER_S),
                           .tv_nsec = (long)(due_ns % NS_PER_S)};
    pthread_cond_timedwait(&late->changed, &late->lock, &due);
}

static void *run(void *arg)
{
    struct late *late = arg;
    pthread_mutex_lock(&late->lock);
    while (!late->stop) {
        struct late_answer *answer = earliest(late);
        if (!answer) {
            pthread_cond_wait(&late->changed, &late->lock);
        } else if (answer->due_ns > now_ns()) {
            wait_until(late, answer->due_ns);
        } else {
            sally_op *op = answer->op;
            sally_status status = answer->status;
            list_remove(&answer->link);
            pthread_mutex_unlock(&late->lock);
            sally_op_finish(op, status); /* may free the storage, and call late_free() */
            pthread_mutex_lock(&late->lock);
        }
    }
    bool alone = late->alone;
    pthread_mutex_unlock(&late->lock);
    if (alone)
        clear(late);
    return NULL;
}

/* The program's signals are for the program's threads. */
static bool start_thread(struct late *late)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&late->thread, NULL, run, late) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

struct late *late_new(void)
{
    struct late *late = mem_zalloc(sizeof(*late));
    if (!late)
        return NULL;
    list_init(&late->waiting);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&late->lock, NULL);
    pthread_cond_init(&late->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (start_thread(late))
        return late;
    clear(late);
    return NULL;
}

void late_free(struct late *late)
{
    if (!late)
        return;
    bool inside = pthread_equal(pthread_self(), late->thread);
    pthread_t thread = late->thread;
    pthread_mutex_lock(&late->lock);
    late->stop = true;
    late->alone = inside;
    pthread_cond_signal(&late->changed);
    pthread_mutex_unlock(&late->lock);
    if (inside) {
        pthread_detach(thread);
    } else {
        pthread_join(thread, NULL);
        clear(late);
    }
}

void late_put(struct late *late, struct late_answer *answer, sally_op *op, sally_status status,
              uint64_t delay_ms)
{
    uint64_t now = now_ns(), delay;
    if (__builtin_mul_overflow(delay_ms, (uint64_t)NS_PER_MS, &delay) || delay > INT64_MAX - now)
        delay = INT64_MAX - now;
    answer->op = op;
    answer->status = status;
    answer->due_ns = now + delay;
    pthread_mutex_lock(&late->lock);
    list_append(&late->waiting, &answer->link);
    if (sally_op_cancelled(op)) /* cancelled before it was queued */
        answer->due_ns = 0;
    pthread_cond_signal(&late->changed);
    pthread_mutex_unlock(&late->lock);
}

bool late_hurry(struct late *late, const sally_op *op)
{
    bool found = false;
    pthread_mutex_lock(&late->lock);
    LIST_EACH (item, &late->waiting) {
        struct late_answer *answer = CONTAINER_OF(item, struct late_answer, link);
        if (answer->op == op) {
            answer->due_ns = 0;
            found = true;
        }
    }
    pthread_cond_signal(&late->changed);
    pthread_mutex_unlock(&late->lock);
    return found;
}
