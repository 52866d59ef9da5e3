#include "embed/inbox.h"

#include "base/mem.h"
#include "core/long_ops.h"
#include "core/session.h"

bool inbox_init(struct inbox *inbox, void (*on_end)(struct inbox *inbox))
{
    *inbox = (struct inbox){.on_end = on_end};
    list_init(&inbox->ops);
    list_init(&inbox->long_ops);
    if (pthread_mutex_init(&inbox->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&inbox->quiet, NULL) != 0) {
        pthread_mutex_destroy(&inbox->lock);
        return false;
    }
    return true;
}

void inbox_clear(struct inbox *inbox)
{
    pthread_cond_destroy(&inbox->quiet);
    pthread_mutex_destroy(&inbox->lock);
}

void inbox_deliver(struct inbox *inbox)
{
    struct list batch, pieces, *item;
    list_init(&batch);
    list_init(&pieces);
    pthread_mutex_lock(&inbox->lock);
    list_move_all(&batch, &inbox->ops);
    list_move_all(&pieces, &inbox->long_ops);
    pthread_mutex_unlock(&inbox->lock);
    while ((item = list_pop_first(&batch)))
        session_deliver(CONTAINER_OF(item, struct op, link));
    while ((item = list_pop_first(&pieces)))
        session_run_long(CONTAINER_OF(item, struct op, long_link));
}

void inbox_run_to_the_end(struct inbox *inbox)
{
    for (;;) {
        pthread_mutex_lock(&inbox->lock);
        bool empty = list_empty(&inbox->ops) && list_empty(&inbox->long_ops),
             ended = inbox->session_ended;
        if (empty)
            inbox->running = false;
        pthread_mutex_unlock(&inbox->lock);
        if (empty) {
            if (ended) /* no pending operation is left */
                inbox->on_end(inbox);
            return;
        }
        inbox_deliver(inbox);
    }
}

/* The caller has counted it in `waking`: inbox_close() waits for calls in progress. */
static void call_on_wake(struct inbox *inbox)
{
    inbox->on_wake(inbox->user_data);
    pthread_mutex_lock(&inbox->lock);
    if (--inbox->waking == 0 && inbox->closed)
        pthread_cond_signal(&inbox->quiet);
    pthread_mutex_unlock(&inbox->lock);
}

static void add(struct inbox *inbox, struct list *to, struct list *link)
{
    bool run = false, call = false;
    pthread_mutex_lock(&inbox->lock);
    list_append(to, link);
    if (!inbox->closed && inbox->on_wake) {
        call = true;
        inbox->waking++;
    }
    if (inbox->closed && !inbox->running)
        run = inbox->running = true;
    pthread_mutex_unlock(&inbox->lock);
    if (call)
        call_on_wake(inbox);
    if (run)
        inbox_run_to_the_end(inbox);
}

void inbox_add(struct inbox *inbox, struct op *op)
{
    add(inbox, &inbox->ops, &op->link);
}

void inbox_add_long(struct inbox *inbox, struct op *op)
{
    add(inbox, &inbox->long_ops, &op->long_link);
}

void inbox_close(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->closed = inbox->running = true;
    while (inbox->waking)
        pthread_cond_wait(&inbox->quiet, &inbox->lock);
    pthread_mutex_unlock(&inbox->lock);
}

void inbox_session_ended(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->session_ended = true;
    pthread_mutex_unlock(&inbox->lock);
}
