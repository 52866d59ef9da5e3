/* One engine from its start to its end. */
#include "sftp.h"

#include <sched.h>
#include <stdlib.h>

struct client {
    struct sftp_stress *stress;
    sally_sftp *engine;
    struct buf requests, replies;
    uint32_t request_count;
    bool refused; /* the engine wants no more input */
};

static void on_wake(void *user_data)
{
    struct sftp_stress *x = user_data;
    pthread_mutex_lock(&x->lock);
    x->woken++;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
}

/* Gives so many bytes of the requests. */
static void give(struct client *c, size_t size)
{
    size_t taken = 0;
    if (sally_sftp_input(c->engine, size ? buf_head(&c->requests) : NULL, size, &taken) !=
        SALLY_E_OK)
        c->refused = true;
    buf_consume(&c->requests, taken);
}

/* Takes what the engine shows, or a part of it. False: there is nothing. */
static bool take(struct client *c, bool whole)
{
    const void *data;
    size_t size = sally_sftp_output(c->engine, &data);
    if (!size)
        return false;
    if (!whole)
        size = 1 + dice_below(&c->stress->dice, (uint32_t)size);
    put_bytes(&c->replies, data, size);
    sally_sftp_sent(c->engine, size);
    return true;
}

/* In pieces of any size, up to the end or some bytes before. */
static void send_some(struct client *c)
{
    struct dice *dice = &c->stress->dice;
    size_t leave = dice_one_in(dice, 2) ? 0 : dice_below(dice, (uint32_t)c->requests.size);
    for (int turns = 0; c->requests.size > leave && turns < 3000 && !c->refused; turns++) {
        size_t piece = 1 + dice_below(dice, 900);
        give(c, piece < c->requests.size ? piece : c->requests.size);
        while (!dice_one_in(dice, 5) && take(c, dice_one_in(dice, 2))) {
        }
        if (c->stress->late.thread_count == 0 && dice_one_in(dice, 2))
            late_answer_one(&c->stress->late);
    }
}

static void await_wake(struct sftp_stress *x, uint64_t seen)
{
    if (!x->late.thread_count) {
        if (!late_answer_one(&x->late))
            stress_fail("nothing is left to do, but some requests were never answered");
        return;
    }
    pthread_mutex_lock(&x->lock);
    while (x->woken == seen)
        pthread_cond_wait(&x->changed, &x->lock);
    pthread_mutex_unlock(&x->lock);
}

static uint64_t count_woken(struct sftp_stress *x)
{
    pthread_mutex_lock(&x->lock);
    uint64_t woken = x->woken;
    pthread_mutex_unlock(&x->lock);
    return woken;
}

/* All that the client still has to send, and all answers. */
static void finish(struct client *c)
{
    bool ended = false;
    while (!c->refused && !sally_sftp_done(c->engine)) {
        uint64_t woken = count_woken(c->stress);
        size_t before = c->requests.size;
        give(c, before);
        bool moved = c->requests.size < before;
        if (!c->requests.size && !ended) {
            sally_sftp_eof(c->engine);
            moved = ended = true;
        }
        while (take(c, true))
            moved = true;
        if (!moved && !c->refused && !sally_sftp_done(c->engine))
            await_wake(c->stress, woken);
    }
}

/* Some more turns; then the engine is freed while operations are still under way. */
static void leave(struct client *c)
{
    struct dice *dice = &c->stress->dice;
    if (dice_one_in(dice, 3))
        sally_sftp_eof(c->engine);
    for (uint32_t i = dice_below(dice, 30); i > 0 && !c->refused; i--) {
        give(c, 0);
        if (c->stress->late.thread_count)
            sched_yield();
        else
            late_answer_one(&c->stress->late);
    }
}

static void start(struct client *c, struct sftp_stress *x)
{
    const sally_hooks hooks = sftp_store_hooks(x);
    const sally_sftp_options options = {.struct_size = sizeof options,
                                        .on_wake = on_wake,
                                        .user_data = x,
                                        .hooks = &hooks,
                                        .hook_count = dice_below(&x->dice, 2),
                                        .max_handles = SFTP_MAX_HANDLES};
    c->stress = x;
    if (sally_sftp_new(&c->engine, x->fs, &options) != SALLY_E_OK)
        stress_fail("cannot make an engine");
    sally_fs_unref(x->fs);
    buf_init(&c->requests, SIZE_MAX / 2);
    buf_init(&c->replies, SIZE_MAX / 2);
    c->request_count = sftp_put_requests(&x->dice, &c->requests);
}

uint64_t sftp_stress(const struct stress_run *run)
{
    struct sftp_stress *x = calloc(1, sizeof *x);
    struct client c = {.stress = NULL};
    if (!x)
        stress_fail("memory is short");
    dice_init(&x->dice, run->seed, run->input);
    sftp_store_start(x, run->threads);
    start(&c, x);
    send_some(&c);
    bool whole = dice_one_in(&x->dice, 2);
    if (whole)
        finish(&c);
    else
        leave(&c);
    sally_sftp_free(c.engine);
    sftp_store_stop(x);
    sftp_check_replies(&c.replies, c.request_count, whole && !c.refused);
    uint64_t count = c.request_count + (uint64_t)x->submitted;
    buf_clear(&c.requests);
    buf_clear(&c.replies);
    free(x);
    return count;
}
