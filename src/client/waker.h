/* Wakes the thread that waits for a reply. No wake-up is lost: the waiting thread passes the count
 * that it last saw. */
#ifndef SALLY_CLIENT_WAKER_H
#define SALLY_CLIENT_WAKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define WAKER_FOREVER UINT64_MAX

struct waker {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    uint64_t count;
};

bool waker_init(struct waker *w);
void waker_clear(struct waker *w);
void waker_wake(struct waker *w); /* any thread */
uint64_t waker_count(struct waker *w);
/* Waits until the count differs from `seen`. False: `deadline` came first (waker_now(), or
 * WAKER_FOREVER). */
bool waker_wait(struct waker *w, uint64_t seen, uint64_t deadline);
uint64_t waker_now(void); /* nanoseconds */

#endif
