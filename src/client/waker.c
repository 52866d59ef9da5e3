#include "client/waker.h"

#include <errno.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)

bool waker_init(struct waker *w)
{
    pthread_condattr_t attrs;
    w->count = 0;
    if (pthread_mutex_init(&w->lock, NULL) != 0)
        return false;
    pthread_condattr_init(&attrs);
    pthread_condattr_setclock(&attrs, CLOCK_MONOTONIC);
    int error = pthread_cond_init(&w->woken, &attrs);
    pthread_condattr_destroy(&attrs);
    if (error)
        pthread_mutex_destroy(&w->lock);
    return error == 0;
}

void waker_clear(struct waker *w)
{
    pthread_cond_destroy(&w->woken);
    pthread_mutex_destroy(&w->lock);
}

void waker_wake(struct waker *w)
{
    pthread_mutex_lock(&w->lock);
    w->count++;
    pthread_cond_broadcast(&w->woken);
    pthread_mutex_unlock(&w->lock);
}

uint64_t waker_count(struct waker *w)
{
    pthread_mutex_lock(&w->lock);
    uint64_t count = w->count;
    pthread_mutex_unlock(&w->lock);
    return count;
}

bool waker_wait(struct waker *w, uint64_t seen, uint64_t deadline)
{
    const struct timespec until = {(time_t)(deadline / SECOND), (long)(deadline % SECOND)};
    int error = 0;
    pthread_mutex_lock(&w->lock);
    while (w->count == seen && error != ETIMEDOUT)
        error = deadline == WAKER_FOREVER ? pthread_cond_wait(&w->woken, &w->lock)
                                          : pthread_cond_timedwait(&w->woken, &w->lock, &until);
    bool woken = w->count != seen;
    pthread_mutex_unlock(&w->lock);
    return woken;
}

uint64_t waker_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}
