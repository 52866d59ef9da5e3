#include "loop/loop.h"

#include "base/mem.h"
#include "core/long_ops.h"
#include "core/session.h"
#include "loop/workers.h"

/* Rounds of settling before the sockets are polled again. */
#define MAX_ROUNDS 4
/* While turns end with work left, at most this part of the time goes into polling the sockets; but
 * the loop polls after this many rounds of turns. */
#define LOOK_PART       64
#define LOOK_ROUNDS_MAX 8

uint64_t loop_now_ns(void)
{
    return uv_hrtime();
}

bool loop_is_here(struct loop *loop)
{
    return atomic_load_explicit(&loop->is_entered, memory_order_acquire) &&
           pthread_equal(atomic_load_explicit(&loop->thread, memory_order_relaxed), pthread_self());
}

/* ---- The inbox ---- */

/* Under the inbox's lock, and signalled under it: once the loop has the lock, no other thread is
 * about to touch it. The loop's own thread needs no wake-up: it settles before it waits. */
static void signal_inbox(struct loop *loop)
{
    if (loop->is_signalled)
        return;
    loop->is_signalled = true;
    if (!loop_is_here(loop))
        uv_async_send(&loop->async);
}

void loop_give_task(struct task *task)
{
    struct loop *loop = task->loop;
    pthread_mutex_lock(&loop->inbox_lock);
    list_append(&loop->inbox_tasks, &task->link);
    signal_inbox(loop);
    pthread_mutex_unlock(&loop->inbox_lock);
}

void loop_give_op(struct loop *loop, struct op *op)
{
    pthread_mutex_lock(&loop->inbox_lock);
    list_append(&loop->inbox_ops, &op->link);
    signal_inbox(loop);
    pthread_mutex_unlock(&loop->inbox_lock);
}

void loop_give_long_op(struct loop *loop, struct op *op)
{
    pthread_mutex_lock(&loop->inbox_lock);
    list_append(&loop->inbox_long, &op->long_link);
    signal_inbox(loop);
    pthread_mutex_unlock(&loop->inbox_lock);
}

static void deliver(struct op *op)
{
    struct session_host *host = session_host(op->pub.session);
    host->deliver(host, op);
}

/* False: it was empty. */
static bool empty_inbox(struct loop *loop)
{
    struct list ops, *item;
    list_init(&ops);
    pthread_mutex_lock(&loop->inbox_lock);
    list_move_all(&ops, &loop->inbox_ops);
    list_move_all(&loop->tasks, &loop->inbox_tasks);
    list_move_all(&loop->long_ops, &loop->inbox_long);
    loop->is_signalled = false;
    pthread_mutex_unlock(&loop->inbox_lock);
    bool any = !list_empty(&ops);
    while ((item = list_pop_first(&ops)) != NULL)
        deliver(CONTAINER_OF(item, struct op, link));
    return any;
}

static bool inbox_is_empty(struct loop *loop)
{
    pthread_mutex_lock(&loop->inbox_lock);
    bool is_empty = list_empty(&loop->inbox_ops) && list_empty(&loop->inbox_tasks) &&
                    list_empty(&loop->inbox_long);
    pthread_mutex_unlock(&loop->inbox_lock);
    return is_empty;
}

/* ---- Settling ---- */

/* Work for clients that have not logged in also arrives as tasks: all tasks together have one turn.
 */
static bool run_tasks(struct loop *loop, bool *was_cut)
{
    struct turn *turn = &loop->turns.turn;
    struct list *item;
    if (list_empty(&loop->tasks))
        return false;
    turn_begin(turn);
    while (!turn_is_over(turn) && (item = list_pop_first(&loop->tasks)) != NULL) {
        struct task *task = CONTAINER_OF(item, struct task, link);
        turn_spend(turn, TURN_REQUEST);
        task->home(task);
    }
    *was_cut |= turn_is_over(turn);
    return true;
}

static bool empty_outbox(struct loop *loop, bool *was_cut)
{
    struct turn *turn = &loop->turns.turn;
    struct list *item;
    if (list_empty(&loop->outbox))
        return false;
    if (loop->workers) {
        workers_give_ops(loop->workers, &loop->outbox);
        return true;
    }
    turn_begin(turn);
    while (!turn_is_over(turn) && (item = list_pop_first(&loop->outbox)) != NULL) {
        turn_spend(turn, TURN_REQUEST);
        session_run(CONTAINER_OF(item, struct op, link));
    }
    *was_cut |= turn_is_over(turn);
    return true;
}

/* A task with more to do comes back through the inbox. */
static bool run_long_ops(struct loop *loop, bool *was_cut)
{
    struct turn *turn = &loop->turns.turn;
    struct list *item;
    if (list_empty(&loop->long_ops))
        return false;
    turn_begin(turn);
    while (!turn_is_over(turn) && (item = list_pop_first(&loop->long_ops)) != NULL) {
        turn_spend(turn, TURN_REQUEST);
        session_run_long(CONTAINER_OF(item, struct op, long_link));
    }
    *was_cut |= turn_is_over(turn);
    return true;
}

static void set_timer(struct loop *loop);
static void finish(struct loop *loop);

/* After a round whose turns ended with work left. */
static bool is_time_to_look(struct loop *loop)
{
    struct look *look = &loop->look;
    return ++look->rounds >= LOOK_ROUNDS_MAX || loop_now_ns() >= look->ended_ns + look->pause_ns;
}

static void settle(struct loop *loop)
{
    if (loop->is_finished)
        return;
    inline_budget_renew(&loop->inline_budget);
    bool any = true, was_cut = false;
    for (int round = 0; any && (was_cut || round < MAX_ROUNDS); round++) {
        was_cut = false;
        any = empty_inbox(loop);
        any |= run_tasks(loop, &was_cut);
        any |= turn_queue_run(&loop->turns, &was_cut);
        any |= empty_outbox(loop, &was_cut);
        any |= run_long_ops(loop, &was_cut);
        if (was_cut && is_time_to_look(loop))
            break;
    }
    turn_begin(&loop->turns.turn); /* for what timers and sockets call */
    set_timer(loop);
    if (loop->is_draining && atomic_load_explicit(&loop->load, memory_order_acquire) == 0 &&
        list_empty(&loop->members) && list_empty(&loop->tasks) && list_empty(&loop->long_ops) &&
        inbox_is_empty(loop))
        finish(loop);
    else if (any)
        uv_async_send(&loop->async); /* return at once after polling the sockets */
    loop->look.began_ns = any ? loop_now_ns() : 0;
}

static void on_async(uv_async_t *async)
{
    (void)async; /* the inbox is emptied by settle() */
}

static void on_prepare(uv_prepare_t *prepare)
{
    settle(prepare->data);
}

static void on_check(uv_check_t *check)
{
    struct loop *loop = check->data;
    struct look *look = &loop->look;
    look->ended_ns = loop_now_ns();
    if (look->began_ns > 0)
        look->pause_ns = (look->ended_ns - look->began_ns) * LOOK_PART;
    look->rounds = 0;
    settle(loop);
}

void loop_offload(struct loop *loop, struct op *op)
{
    list_append(&loop->outbox, &op->link);
}

/* ---- Time ---- */

static void drain_members(struct loop *loop, bool now)
{
    LIST_EACH (item, &loop->members) {
        struct loop_member *m = CONTAINER_OF(item, struct loop_member, all);
        m->methods->drain(m, now);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    loop->timer_at_ns = DEADLINE_NONE;
    uint64_t now = loop_now_ns();
    struct deadline *first;
    while ((first = deadlines_first(&loop->deadlines)) != NULL && first->at_ns <= now) {
        deadline_set(&loop->deadlines, first, DEADLINE_NONE);
        if (first == &loop->grace) {
            drain_members(loop, true);
            continue;
        }
        struct loop_member *m = CONTAINER_OF(first, struct loop_member, deadline);
        m->methods->due(m);
    }
}

static void set_timer(struct loop *loop)
{
    const struct deadline *first = deadlines_first(&loop->deadlines);
    /* A timer that is early does no harm: most deadlines move on before they are reached. */
    if (!first || first->at_ns >= loop->timer_at_ns)
        return;
    uint64_t now = loop_now_ns();
    uint64_t ms = first->at_ns > now ? (first->at_ns - now + 999999) / 1000000 : 0;
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->timer, on_timer, ms, 0);
    loop->timer_at_ns = first->at_ns;
}

/* ---- Members ---- */

void loop_member_init(struct loop_member *m, const struct loop_member_methods *methods)
{
    m->methods = methods;
    m->loop = NULL;
    list_init(&m->all);
    list_init(&m->ready);
    turn_place_init(&m->own_place);
    m->place = &m->own_place;
    deadline_init(&m->deadline);
}

bool loop_join(struct loop *loop, struct loop_member *m)
{
    if (m->methods->due && !deadlines_reserve(&loop->deadlines))
        return false;
    m->loop = loop;
    list_append(&loop->members, &m->all);
    return true;
}

void loop_leave(struct loop_member *m)
{
    if (!m->loop)
        return;
    if (m->methods->due) {
        deadline_set(&m->loop->deadlines, &m->deadline, DEADLINE_NONE);
        deadlines_release(&m->loop->deadlines);
    }
    list_remove(&m->all);
    turn_queue_remove(&m->loop->turns, m);
    m->loop = NULL;
}

void loop_member_make_ready(struct loop_member *m)
{
    if (m->loop)
        turn_queue_add(&m->loop->turns, m);
}

void loop_member_set_owner(struct loop_member *m, const void *owner)
{
    if (m->loop)
        turn_queue_set_owner(&m->loop->turns, m, owner);
}

/* The timer follows when the loop settles. */
void loop_member_set_deadline(struct loop_member *m, uint64_t at_ns)
{
    if (m->loop)
        deadline_set(&m->loop->deadlines, &m->deadline, at_ns);
}

/* ---- Life ---- */

static void init_handles(struct loop *loop)
{
    uv_timer_init(&loop->uv, &loop->timer);
    uv_timer_init(&loop->uv, &loop->wait);
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    loop->timer.data = loop->prepare.data = loop->check.data = loop->async.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
}

sally_error loop_init(struct loop *loop)
{
    *loop = (struct loop){.timer_at_ns = DEADLINE_NONE};
    atomic_init(&loop->is_entered, false);
    atomic_init(&loop->load, 0);
    list_init(&loop->inbox_ops);
    list_init(&loop->inbox_tasks);
    list_init(&loop->inbox_long);
    list_init(&loop->tasks);
    list_init(&loop->outbox);
    list_init(&loop->long_ops);
    turn_queue_init(&loop->turns, loop_now_ns);
    list_init(&loop->members);
    deadline_init(&loop->grace);
    if (!deadlines_reserve(&loop->deadlines)) /* for the grace */
        return SALLY_E_NO_MEMORY;
    if (uv_loop_init(&loop->uv) != 0) {
        deadlines_clear(&loop->deadlines);
        return SALLY_E_SYSTEM;
    }
    pthread_mutex_init(&loop->inbox_lock, NULL);
    int failed = uv_async_init(&loop->uv, &loop->async, on_async);
    init_handles(loop);
    if (failed) {
        loop->async.loop = NULL;
        loop_clear(loop);
        return SALLY_E_SYSTEM;
    }
    return SALLY_E_OK;
}

/* Only the handles remain to be closed; after that uv_run() returns. */
static void finish(struct loop *loop)
{
    loop->is_finished = true;
    if (loop->async.loop && !uv_is_closing((uv_handle_t *)&loop->async))
        uv_close((uv_handle_t *)&loop->async, NULL);
    if (uv_is_closing((uv_handle_t *)&loop->timer))
        return;
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->wait, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
}

void loop_clear(struct loop *loop)
{
    finish(loop);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop->uv);
    pthread_mutex_destroy(&loop->inbox_lock);
    deadlines_clear(&loop->deadlines);
}

static void enter(struct loop *loop)
{
    atomic_store_explicit(&loop->thread, pthread_self(), memory_order_relaxed);
    atomic_store_explicit(&loop->is_entered, true, memory_order_release);
}

static void leave(struct loop *loop)
{
    atomic_store_explicit(&loop->is_entered, false, memory_order_release);
}

void loop_run(struct loop *loop)
{
    enter(loop);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    leave(loop);
}

static void on_wait_over(uv_timer_t *timer)
{
    (void)timer;
}

void loop_pump(struct loop *loop, int timeout_ms)
{
    enter(loop);
    if (timeout_ms > 0) {
        uv_update_time(&loop->uv);
        uv_timer_start(&loop->wait, on_wait_over, (uint64_t)timeout_ms, 0);
    }
    loop->watchers_changed = false;
    (void)uv_run(&loop->uv, timeout_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    settle(loop); /* timers run after the check */
    uv_timer_stop(&loop->wait);
    /* The backend's descriptor, which the program watches, must include the latest changes. */
    for (int i = 0; i < MAX_ROUNDS && loop->watchers_changed; i++) {
        loop->watchers_changed = false;
        (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
        settle(loop);
    }
    leave(loop);
}

void loop_drain(struct loop *loop, uint64_t grace_end_ns)
{
    bool was_draining = loop->is_draining;
    loop->is_draining = true;
    if (!was_draining || grace_end_ns < loop->grace_end_ns) {
        loop->grace_end_ns = grace_end_ns;
        deadline_set(&loop->deadlines, &loop->grace, grace_end_ns);
    }
    drain_members(loop, false);
}
