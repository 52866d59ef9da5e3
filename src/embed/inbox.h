/* Operations on their way home to a program that has no loop of ours. After the close, whoever
 * finishes an operation takes over as the session's home thread, until the last one is done. */
#ifndef SALLY_EMBED_INBOX_H
#define SALLY_EMBED_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct op;

struct inbox {
    void (*on_wake)(
        void *user_data); /* NULL: nobody wants to know. Set before the first one comes */
    void *user_data;
    void (*on_end)(struct inbox *inbox); /* closed, and nothing can come any more */

    pthread_mutex_t lock; /* for the members below; never held during a callback */
    pthread_cond_t quiet; /* signalled when `waking` becomes 0 after the close */
    struct list ops;
    uint32_t waking; /* calls of on_wake in progress */
    bool closed;     /* nobody calls us any more */
    bool running;    /* closed, and a thread is delivering */
    bool gone;       /* closed, and the session has ended */
};

bool inbox_init(struct inbox *inbox, void (*on_end)(struct inbox *inbox));
void inbox_clear(struct inbox *inbox);
/* Any thread. */
void inbox_add(struct inbox *inbox, struct op *op);
/* Delivers what has come home. Owner's thread, or after the close the one thread that runs. */
void inbox_deliver(struct inbox *inbox);
/* Waits until no on_wake is in progress. From here on this thread is the one that runs, until
 * inbox_run_to_the_end(), which leaves the rest to others. */
void inbox_close(struct inbox *inbox);
void inbox_session_is_gone(struct inbox *inbox);
void inbox_run_to_the_end(struct inbox *inbox);

#endif
