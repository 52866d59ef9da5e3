#include "common/line_queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct line {
    struct line *next;
    uint64_t lost_before; /* lines that were dropped just before this one */
    size_t bytes;         /* what it takes */
    int kind;
    char text[];
};

struct line_queue {
    struct line_sink sink;
    void *user_data;
    size_t max_bytes;
    pthread_t thread;
    pthread_mutex_t lock; /* protects the members below */
    pthread_cond_t work, idle;
    bool has_thread;
    struct line *first, **end;
    size_t bytes;    /* of all lines not written yet */
    bool is_full;    /* until there is room for several lines, not just one */
    uint64_t lost;   /* after the last line of the list */
    bool is_woken;   /* line_queue_wake() was called */
    bool is_writing; /* the thread is inside the sink */
    bool is_ending;
};

struct line_queue *line_queue_new(const struct line_sink *sink, void *user_data, size_t max_bytes)
{
    struct line_queue *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->sink = *sink;
    q->user_data = user_data;
    q->max_bytes = max_bytes;
    q->end = &q->first;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->work, NULL);
    pthread_cond_init(&q->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return q;
}

/* ---- The thread ---- */

static void write_lines(struct line_queue *q, struct line *line)
{
    while (line) {
        struct line *next = line->next;
        if (line->lost_before)
            q->sink.lost(q->user_data, line->lost_before);
        q->sink.line(q->user_data, line->kind, line->text);
        pthread_mutex_lock(&q->lock);
        q->bytes -= line->bytes;
        pthread_mutex_unlock(&q->lock);
        free(line);
        line = next;
    }
}

/* Called with the lock held; releases it while the sink is called. */
static void work_off(struct line_queue *q)
{
    struct line *first = q->first;
    uint64_t lost = first ? 0 : q->lost; /* more lines may have been queued meanwhile */
    if (!first)
        q->lost = 0;
    q->first = NULL;
    q->end = &q->first;
    q->is_woken = false;
    q->is_writing = true;
    pthread_mutex_unlock(&q->lock);
    write_lines(q, first);
    if (lost)
        q->sink.lost(q->user_data, lost);
    pthread_mutex_lock(&q->lock);
    bool rests = !q->first && !q->lost;
    pthread_mutex_unlock(&q->lock);
    if (rests && q->sink.rest)
        q->sink.rest(q->user_data);
    pthread_mutex_lock(&q->lock);
    q->is_writing = false;
}

static bool has_work(const struct line_queue *q)
{
    return q->first || q->lost || q->is_woken;
}

static void *run(void *user_data)
{
    struct line_queue *q = user_data;
    pthread_mutex_lock(&q->lock);
    while (has_work(q) || !q->is_ending) {
        if (has_work(q)) {
            work_off(q);
        } else {
            pthread_cond_broadcast(&q->idle);
            pthread_cond_wait(&q->work, &q->lock);
        }
    }
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

bool line_queue_start(struct line_queue *q)
{
    sigset_t all, before;
    sigfillset(&all); /* only for threads that wait for them */
    pthread_mutex_lock(&q->lock);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    q->has_thread = pthread_create(&q->thread, NULL, run, q) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    bool has_thread = q->has_thread;
    pthread_mutex_unlock(&q->lock);
    return has_thread;
}

/* ---- Callers ---- */

/* Under the lock. */
static struct line *make_line(struct line_queue *q, int kind, const char *text)
{
    size_t size = strlen(text) + 1, bytes = sizeof(struct line) + size;
    if (q->is_full && q->bytes > q->max_bytes / 2)
        return NULL;
    q->is_full = bytes > q->max_bytes || q->bytes > q->max_bytes - bytes;
    struct line *line = q->is_full ? NULL : malloc(bytes);
    if (!line)
        return NULL;
    line->next = NULL;
    line->lost_before = q->lost;
    line->bytes = bytes;
    line->kind = kind;
    memcpy(line->text, text, size);
    return line;
}

void line_queue_put(struct line_queue *q, int kind, const char *text)
{
    pthread_mutex_lock(&q->lock);
    struct line *line = q->has_thread ? make_line(q, kind, text) : NULL;
    if (line) {
        q->lost = 0;
        *q->end = line;
        q->end = &line->next;
        q->bytes += line->bytes;
    } else if (q->has_thread) {
        q->lost++;
    } else {
        q->sink.line(q->user_data, kind, text);
        if (q->sink.rest)
            q->sink.rest(q->user_data);
    }
    if (!q->is_writing)
        pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
}

void line_queue_wake(struct line_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->is_woken = q->has_thread;
    if (!q->has_thread && q->sink.rest)
        q->sink.rest(q->user_data);
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
}

bool line_queue_flush(struct line_queue *q, unsigned patience_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += patience_ms / 1000;
    until.tv_nsec += (long)(patience_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&q->lock);
    int error = 0;
    while (q->has_thread && (has_work(q) || q->is_writing) && !error)
        error = pthread_cond_timedwait(&q->idle, &q->lock, &until);
    pthread_mutex_unlock(&q->lock);
    return error == 0;
}

bool line_queue_free(struct line_queue *q, unsigned patience_ms)
{
    if (!q)
        return true;
    if (!line_queue_flush(q, patience_ms))
        return false;
    pthread_mutex_lock(&q->lock);
    q->is_ending = true;
    pthread_cond_signal(&q->work);
    pthread_mutex_unlock(&q->lock);
    if (q->has_thread)
        pthread_join(q->thread, NULL);
    pthread_cond_destroy(&q->idle);
    pthread_cond_destroy(&q->work);
    pthread_mutex_destroy(&q->lock);
    free(q);
    return true;
}
