#include <sched.h>

#include "stress.h"

/* With the lock held, which the answer is given without. */
static void answer_any(struct late *l)
{
    uint32_t at = dice_below(l->dice, l->count);
    struct late_op op = l->ops[at];
    l->ops[at] = l->ops[--l->count];
    pthread_mutex_unlock(&l->lock);
    if (l->thread_count && dice_one_in(l->dice, 8))
        sched_yield();
    l->answer(l->user_data, &op);
    pthread_mutex_lock(&l->lock);
}

static void *work(void *arg)
{
    struct late *l = arg;
    pthread_mutex_lock(&l->lock);
    while (l->count || !l->stop) {
        if (l->count)
            answer_any(l);
        else
            pthread_cond_wait(&l->there, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

void late_start(struct late *l, bool threads, struct dice *dice,
                void (*answer)(void *user_data, const struct late_op *late), void *user_data)
{
    *l = (struct late){.dice = dice, .answer = answer, .user_data = user_data};
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->there, NULL);
    if (!threads)
        return;
    l->thread_count = LATE_THREADS;
    for (uint32_t i = 0; i < l->thread_count; i++)
        if (pthread_create(&l->threads[i], NULL, work, l) != 0)
            stress_fail("cannot start a thread");
}

bool late_add(struct late *l, struct late_op op)
{
    pthread_mutex_lock(&l->lock);
    bool room = l->count < LATE_MAX;
    if (room) {
        l->ops[l->count++] = op;
        pthread_cond_signal(&l->there);
    }
    pthread_mutex_unlock(&l->lock);
    return room;
}

bool late_answer_one(struct late *l)
{
    pthread_mutex_lock(&l->lock);
    bool any = l->count > 0;
    if (any)
        answer_any(l);
    pthread_mutex_unlock(&l->lock);
    return any;
}

void late_stop(struct late *l)
{
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->there);
    pthread_mutex_unlock(&l->lock);
    for (uint32_t i = 0; i < l->thread_count; i++)
        pthread_join(l->threads[i], NULL);
    while (late_answer_one(l)) {
    }
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->there);
}
