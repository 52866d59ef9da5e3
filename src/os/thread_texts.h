/* Texts for errors, one for each thread: what one thread reads is not what another thread's call
 * left behind, nor one that is being written. */
#ifndef SALLY_OS_THREAD_TEXTS_H
#define SALLY_OS_THREAD_TEXTS_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct thread_texts {
    pthread_mutex_t lock; /* guards all below it */
    struct list texts;
    uint32_t count, reap_at;
    bool lost; /* there was no memory for one */
};

void thread_texts_init(struct thread_texts *t);
void thread_texts_clear(struct thread_texts *t);
/* The calling thread's text, in place of its last one. */
void thread_texts_set(struct thread_texts *t, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* It, valid until the thread sets another one or has ended; "": there is none. */
const char *thread_texts_get(const struct thread_texts *t);

#endif
