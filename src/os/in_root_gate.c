#include "os/in_root_gate.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 100000000L

void in_root_gate_init(struct in_root_gate *gate, unsigned most)
{
    pthread_condattr_t attr;
    gate->inside = 0;
    gate->most = most;
    pthread_mutex_init(&gate->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->left, &attr);
    pthread_condattr_destroy(&attr);
}

void in_root_gate_clear(struct in_root_gate *gate)
{
    pthread_cond_destroy(&gate->left);
    pthread_mutex_destroy(&gate->lock);
}

static struct timespec end_of_wait(void)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += WAIT_NS;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_nsec -= 1000000000L;
        end.tv_sec++;
    }
    return end;
}

void in_root_gate_enter(struct in_root_gate *gate)
{
    const struct timespec end = end_of_wait();
    int result = 0;
    pthread_mutex_lock(&gate->lock);
    while (gate->inside >= gate->most && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&gate->left, &gate->lock, &end);
    gate->inside++;
    pthread_mutex_unlock(&gate->lock);
}

void in_root_gate_leave(struct in_root_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->inside--;
    pthread_cond_signal(&gate->left);
    pthread_mutex_unlock(&gate->lock);
}

unsigned in_root_gate_usual(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors > 2 ? (unsigned)processors / 2 : 1;
}
