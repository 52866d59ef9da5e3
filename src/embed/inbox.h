/* Operations on their way home in a program that does not use our loops. After the close, the
 * thread that finishes an operation takes over as the session's home thread, until the last
 * operation is done. */
#ifndef SALLY_EMBED_INBOX_H
#define SALLY_EMBED_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct op;

struct inbox {
    void (*on_wake)(void *user_data); /* NULL: the program is not notified. Set before the first
                                         operation comes */
    void *user_data;
    void (*on_end)(struct inbox *inbox); /* closed, and nothing more can come */

    pthread_mutex_t lock; /* for the members below; never held during a callback */
    pthread_cond_t quiet; /* signalled when `waking` becomes 0 after the close */
    struct list ops;
    struct list long_ops; /* by long_link: to be continued */
    uint32_t waking;      /* calls of on_wake in progress */
    bool closed;          /* the owner makes no further calls */
    bool running;         /* closed, and a thread is delivering */
    bool session_ended;   /* closed, and the session has ended */
};

bool inbox_init(struct inbox *inbox, void (*on_end)(struct inbox *inbox));
void inbox_clear(struct inbox *inbox);
/* Any thread: the operation comes home. */
void inbox_add(struct inbox *inbox, struct op *op);
/* Any thread: a long operation wants to be continued. */
void inbox_add_long(struct inbox *inbox, struct op *op);
/* Delivers what has come home, and continues long operations once. On the owner's thread or, after
 * the close, on the one thread that delivers. */
void inbox_deliver(struct inbox *inbox);
/* Waits until no on_wake is in progress. From then on this thread is the one that delivers, until
 * inbox_run_to_the_end(), which leaves the rest to other threads. */
void inbox_close(struct inbox *inbox);
void inbox_session_ended(struct inbox *inbox);
void inbox_run_to_the_end(struct inbox *inbox);

#endif
