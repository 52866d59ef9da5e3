#include "loop/workers.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/mem.h"
#include "core/long_ops.h"
#include "core/session.h"
#include "loop/loop.h"
#include "loop/thread.h"

#define IDLE_SECONDS 10
/* How many threads are woken at once for a list; each wakes the next one while there is more
 * work. */
#define WAKE_AT_ONCE 4

struct worker {
    struct list link; /* the stack of idle ones, or the finished ones */
    struct list all;
    struct workers *pool;
    pthread_t thread;
    pthread_cond_t wake;
    bool idle;     /* in the stack */
    bool is_woken; /* counted in waking */
};

struct workers {
    pthread_mutex_t lock;
    size_t stack;
    struct work_threads threads;
    struct lanes lanes;                   /* WORK_OPS and WORK_LONG_OPS */
    struct share_queue tasks[WORK_COUNT]; /* the other kinds */
    struct share own[WORK_COUNT];         /* tasks without an owner */
    enum work last;                       /* the kind that was last started */
    struct list idle; /* last in, first out: warm threads stay warm, unneeded ones time out */
    struct list all, finished;
    uint32_t count;  /* of all threads */
    uint32_t waking; /* woken but not running yet: quick work is done before more are needed */
    bool stopping;
    pthread_cond_t changed; /* a thread has ended */
};

static bool is_waiting(const struct workers *w, enum work kind)
{
    if (kind == WORK_OPS || kind == WORK_LONG_OPS)
        return lanes_are_ready(&w->lanes, kind == WORK_LONG_OPS);
    return !shares_are_empty(&w->tasks[kind]);
}

/* The kind of work for a free worker, in turn; WORK_COUNT: none. */
static enum work next_kind(const struct workers *w)
{
    for (uint32_t i = 1; i <= WORK_COUNT; i++) {
        enum work kind = (enum work)((w->last + i) % WORK_COUNT);
        if (is_waiting(w, kind) && work_may_start(&w->threads, kind))
            return kind;
    }
    return WORK_COUNT;
}

/* ---- Lanes ---- */

struct lane *workers_enter(struct workers *w, struct lane_group *group, const char **obstacle)
{
    pthread_mutex_lock(&w->lock);
    struct lane *lane = NULL;
    *obstacle = NULL;
    if (lanes_are_jammed(&w->lanes, group))
        *obstacle = "this user has too many unfinished operations";
    else if ((lane = lane_new(group)) == NULL)
        *obstacle = "out of memory";
    pthread_mutex_unlock(&w->lock);
    return lane;
}

void workers_abandon(struct workers *w, struct lane *lane)
{
    pthread_mutex_lock(&w->lock);
    lane_abandon(lane);
    pthread_mutex_unlock(&w->lock);
}

void workers_leave(struct workers *w, struct lane *lane)
{
    pthread_mutex_lock(&w->lock);
    struct lane_group *unused = lane_leave(lane);
    pthread_mutex_unlock(&w->lock);
    if (unused)
        unused->release(unused);
}

static void give_op(struct workers *w, struct op *op)
{
    struct lane *lane = session_host(op->pub.session)->lane;
    if (op_is_long(op))
        lanes_add(&w->lanes, lane, true, &op->long_link);
    else
        lanes_add(&w->lanes, lane, false, &op->link);
}

/* ---- Threads ---- */

static void leave_stack(struct worker *worker)
{
    list_remove(&worker->link);
    worker->idle = false;
}

static void wake_worker(struct worker *worker)
{
    leave_stack(worker);
    worker->is_woken = true;
    worker->pool->waking++;
    pthread_cond_signal(&worker->wake);
}

static void arrive(struct worker *worker)
{
    if (worker->is_woken)
        worker->pool->waking--;
    worker->is_woken = false;
}

static void *worker_main(void *argument);

static void free_worker(struct worker *worker)
{
    pthread_cond_destroy(&worker->wake);
    mem_free(worker);
}

static void reap(struct workers *w)
{
    struct list *item;
    while ((item = list_pop_first(&w->finished)) != NULL) {
        struct worker *worker = CONTAINER_OF(item, struct worker, link);
        pthread_join(worker->thread, NULL); /* it has released the lock, and is about to return */
        free_worker(worker);
    }
}

static struct worker *new_worker(struct workers *w)
{
    struct worker *worker = mem_zalloc(sizeof *worker);
    if (!worker)
        return NULL;
    worker->pool = w;
    list_init(&worker->link);
    list_init(&worker->all);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return worker;
}

/* Under the lock. */
static bool spawn(struct workers *w)
{
    reap(w);
    struct worker *worker = new_worker(w);
    if (!worker)
        return false;
    list_append(&w->all, &worker->all);
    w->count++;
    w->waking++;
    worker->is_woken = true;
    if (thread_start(&worker->thread, w->stack, "sally-worker", worker_main, worker))
        return true;
    w->count--;
    w->waking--;
    list_remove(&worker->all);
    free_worker(worker);
    return false;
}

/* Gets a thread for waiting work: an idle one, otherwise a new one. Under the lock. False: there is
 * none. */
static bool call_one(struct workers *w)
{
    struct list *idle = list_first(&w->idle);
    if (!idle)
        return spawn(w);
    wake_worker(CONTAINER_OF(idle, struct worker, link));
    return true;
}

/* Waits for work. False: there has been none for a long time, or the pool is ending. Under the
 * lock. */
static bool wait_for_work(struct worker *worker)
{
    struct workers *w = worker->pool;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    while (next_kind(w) == WORK_COUNT) {
        if (w->stopping)
            return false;
        if (!worker->idle) {
            worker->idle = true;
            list_prepend(&w->idle, &worker->link);
        }
        bool late = pthread_cond_timedwait(&worker->wake, &w->lock, &until) == ETIMEDOUT;
        arrive(worker);
        if (late && worker->idle) {
            leave_stack(worker);
            return next_kind(w) != WORK_COUNT;
        }
    }
    if (worker->idle)
        leave_stack(worker);
    return true;
}

/* A thread that takes work wakes the next one for the rest. */
static void call_next(struct workers *w)
{
    if (w->waking == 0 && next_kind(w) != WORK_COUNT)
        (void)call_one(w); /* if that fails, this thread does it later */
}

/* Runs the next group's next operation. Under the lock, which is released while it runs. */
static void do_op(struct workers *w, bool is_long)
{
    struct lane_turn turn = lanes_pop(&w->lanes, is_long);
    call_next(w);
    pthread_mutex_unlock(&w->lock);
    if (is_long)
        session_run_long(CONTAINER_OF(turn.item, struct op, long_link));
    else
        session_run(CONTAINER_OF(turn.item, struct op, link));
    pthread_mutex_lock(&w->lock);
    struct lane_group *unused = lanes_done(&w->lanes, &turn);
    if (!unused)
        return;
    pthread_mutex_unlock(&w->lock);
    unused->release(unused);
    pthread_mutex_lock(&w->lock);
}

static void do_task(struct workers *w, enum work kind)
{
    struct task *task = shares_pop(&w->tasks[kind]);
    call_next(w);
    pthread_mutex_unlock(&w->lock);
    if (task->run(task))
        loop_give_task(task);
    pthread_mutex_lock(&w->lock);
}

static void do_one(struct workers *w, enum work kind)
{
    w->last = kind;
    w->threads.running[kind]++;
    if (kind == WORK_OPS || kind == WORK_LONG_OPS)
        do_op(w, kind == WORK_LONG_OPS);
    else
        do_task(w, kind);
    w->threads.running[kind]--;
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct workers *w = worker->pool;
    pthread_mutex_lock(&w->lock);
    arrive(worker);
    while (wait_for_work(worker))
        do_one(w, next_kind(w));
    w->count--;
    list_remove(&worker->all);
    list_append(&w->finished, &worker->link);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_new(const struct workers_options *options)
{
    struct workers *w = mem_zalloc(sizeof *w);
    if (!w)
        return NULL;
    w->stack = options->stack;
    w->threads = (struct work_threads){
        .max_sessions = options->max_sessions,
        .max_unauthenticated = options->max_unauthenticated,
        .max = {[WORK_OPS] = options->max_sessions,
                [WORK_LONG_OPS] = options->max_long_ops,
                [WORK_TASKS] = options->max_tasks,
                [WORK_KEX] = options->max_unauthenticated,
                [WORK_COSTLY_KEX] = options->max_costly_kex,
                [WORK_KEYS] = options->max_unauthenticated,
                [WORK_PASSWORDS] = options->max_passwords},
    };
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    for (size_t i = 0; i < WORK_COUNT; i++) {
        shares_init(&w->tasks[i]);
        share_init(&w->own[i]);
    }
    lanes_init(&w->lanes, options->max_lane, options->max_group, options->max_group_long);
    list_init(&w->idle);
    list_init(&w->all);
    list_init(&w->finished);
    return w;
}

void workers_free(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    LIST_EACH (item, &w->idle)
        wake_worker(CONTAINER_OF(item, struct worker, link));
    while (w->count > 0)
        pthread_cond_wait(&w->changed, &w->lock);
    reap(w);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

/* Under the lock: no thread exists, and none can be created. */
static void do_here(struct workers *w)
{
    enum work kind;
    while (w->count == 0 && (kind = next_kind(w)) != WORK_COUNT)
        do_one(w, kind);
}

/* Gets threads for the work just added. Under the lock. */
static void call_for(struct workers *w, uint32_t wanted)
{
    while (w->waking < wanted && next_kind(w) != WORK_COUNT) {
        if (w->waking > 0 && list_empty(&w->idle))
            break;
        if (!call_one(w)) {
            do_here(w);
            break;
        }
    }
}

void workers_give_ops(struct workers *w, struct list *ops)
{
    if (list_empty(ops))
        return;
    uint32_t wanted = 0;
    for (struct list *at = ops->next; at != ops && wanted < WAKE_AT_ONCE; at = at->next)
        wanted++;
    pthread_mutex_lock(&w->lock);
    struct list *item;
    while ((item = list_pop_first(ops)) != NULL)
        give_op(w, CONTAINER_OF(item, struct op, link));
    call_for(w, wanted);
    pthread_mutex_unlock(&w->lock);
}

void workers_resume(struct workers *w, struct op *op)
{
    pthread_mutex_lock(&w->lock);
    lanes_resume(&w->lanes, session_host(op->pub.session)->lane, &op->long_link);
    call_for(w, 1);
    pthread_mutex_unlock(&w->lock);
}

void workers_give_task(struct workers *w, enum work kind, struct share *share, struct task *task)
{
    pthread_mutex_lock(&w->lock);
    shares_add(&w->tasks[kind], share ? share : &w->own[kind], task);
    call_for(w, 1);
    pthread_mutex_unlock(&w->lock);
}

bool workers_is_here(struct workers *w)
{
    bool here = false;
    pthread_mutex_lock(&w->lock);
    LIST_EACH (item, &w->all)
        here =
            here || pthread_equal(CONTAINER_OF(item, struct worker, all)->thread, pthread_self());
    pthread_mutex_unlock(&w->lock);
    return here;
}

uint32_t workers_thread_count(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    uint32_t count = w->count;
    pthread_mutex_unlock(&w->lock);
    return count;
}
