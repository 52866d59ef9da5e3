#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "loop/workers.h"

struct gauge {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t running, most, done;
    bool open; /* tasks may end */
    bool signals_blocked, here;
    struct workers *pool;
};

struct probe {
    struct task task;
    struct gauge *gauge;
};

static bool run_probe(struct task *task)
{
    struct gauge *g = CONTAINER_OF(task, struct probe, task)->gauge;
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    bool here = workers_is_here(g->pool);
    pthread_mutex_lock(&g->lock);
    g->signals_blocked = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGINT) == 1;
    g->here = here;
    g->running++;
    g->most = g->running > g->most ? g->running : g->most;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    g->running--;
    g->done++;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
    return false; /* no one is at home */
}

static void init_gauge(struct gauge *g, const struct workers_options *options)
{
    memset(g, 0, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    g->pool = workers_new(options);
    assert_non_null(g->pool);
}

static bool await(struct gauge *g, const uint32_t *value, uint32_t wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&g->lock);
    int late = 0;
    while (*value < wanted && late == 0)
        late = pthread_cond_timedwait(&g->changed, &g->lock, &until);
    bool reached = *value >= wanted;
    pthread_mutex_unlock(&g->lock);
    return reached;
}

static void let_go(struct gauge *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static void end_gauge(struct gauge *g)
{
    workers_free(g->pool);
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
}

static void give_of(struct gauge *g, struct probe *probes, size_t count, enum work kind,
                    struct share *share)
{
    for (size_t i = 0; i < count; i++) {
        probes[i] = (struct probe){.task = {.run = run_probe}, .gauge = g};
        list_init(&probes[i].task.link);
        workers_give_task(g->pool, kind, share, &probes[i].task);
    }
}

static void give(struct gauge *g, struct probe *probes, size_t count, enum work kind)
{
    give_of(g, probes, count, kind, NULL);
}

static const struct workers_options options = {.max_sessions = 6,
                                               .max_tasks = 6,
                                               .max_unauthenticated = 6,
                                               .max_costly_kex = 3,
                                               .max_passwords = 2,
                                               .stack = 256 * 1024};

/* Tasks that all wait get a thread each, up to the bound; the rest follow. */
static void the_pool_grows_to_its_bound(void **state)
{
    (void)state;
    struct gauge g;
    struct probe probes[20];
    init_gauge(&g, &options);
    assert_false(workers_is_here(g.pool));
    give(&g, probes, 20, WORK_TASKS);
    assert_true(await(&g, &g.running, 6));
    let_go(&g);
    assert_true(await(&g, &g.done, 20));
    assert_int_equal(g.most, 6);
    assert_true(g.signals_blocked);
    assert_true(g.here);
    end_gauge(&g);
}

/* A second gauge for the same pool. */
static void init_other(struct gauge *g, struct workers *pool)
{
    memset(g, 0, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    g->pool = pool;
}

static void end_other(struct gauge *g)
{
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
}

static uint32_t most_of(struct gauge *g)
{
    pthread_mutex_lock(&g->lock);
    uint32_t most = g->most;
    pthread_mutex_unlock(&g->lock);
    return most;
}

/* A flood of each kind in turn, which does not end, keeps neither the other kinds nor sessions from
 * getting a thread. */
static void floods_keep_nobody_waiting(void **state)
{
    (void)state;
    static struct probe flood[50], others[WORK_COUNT];
    static const uint32_t bounds[WORK_COUNT] = {
        [WORK_KEX] = 3, [WORK_COSTLY_KEX] = 3, [WORK_KEYS] = 3, [WORK_PASSWORDS] = 2};
    for (uint32_t kind = WORK_FIRST_UNAUTHENTICATED; kind < WORK_COUNT; kind++) {
        struct gauge held, served;
        uint32_t given = 0;
        init_gauge(&held, &options);
        init_other(&served, held.pool);
        give(&held, flood, COUNT_OF(flood), (enum work)kind);
        assert_true(await(&held, &held.running, bounds[kind]));
        for (uint32_t other = WORK_TASKS; other < WORK_COUNT; other++) {
            if (other != kind)
                give(&served, &others[given++], 1, (enum work)other);
        }
        assert_true(await(&served, &served.running, given));
        assert_int_equal(most_of(&held), bounds[kind]);
        let_go(&served);
        let_go(&held);
        assert_true(await(&held, &held.done, COUNT_OF(flood)));
        assert_true(await(&served, &served.done, given));
        assert_true(held.most <= (kind == WORK_COSTLY_KEX ? 3u : 6u));
        end_other(&served);
        end_gauge(&held);
    }
}

struct place {
    struct task task;
    struct gauge *gauge;
    uint32_t at; /* how many were done before it */
};

static bool run_place(struct task *task)
{
    struct place *p = CONTAINER_OF(task, struct place, task);
    struct gauge *g = p->gauge;
    pthread_mutex_lock(&g->lock);
    p->at = g->done++;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
    return false;
}

/* One password that waits behind 900 of another address is the second one to be checked. */
static void addresses_take_turns(void **state)
{
    (void)state;
    static struct probe holder;
    static struct place guesses[900], login;
    struct share stranger, ann;
    struct workers_options one = options;
    struct gauge g;
    one.max_passwords = 1;
    init_gauge(&g, &one);
    share_init(&stranger);
    share_init(&ann);
    give_of(&g, &holder, 1, WORK_PASSWORDS, &stranger);
    assert_true(await(&g, &g.running, 1));
    for (size_t i = 0; i <= COUNT_OF(guesses); i++) {
        struct place *p = i < COUNT_OF(guesses) ? &guesses[i] : &login;
        *p = (struct place){.task = {.run = run_place}, .gauge = &g};
        list_init(&p->task.link);
        workers_give_task(g.pool, WORK_PASSWORDS, p == &login ? &ann : &stranger, &p->task);
    }
    let_go(&g);
    assert_true(await(&g, &g.done, COUNT_OF(guesses) + 2));
    assert_int_equal(guesses[0].at, 1);
    assert_int_equal(login.at, 2);
    assert_int_equal(guesses[899].at, 901);
    end_gauge(&g);
}

/* Quick work does not make threads that no one needs. */
static void quick_work_needs_few_threads(void **state)
{
    (void)state;
    struct gauge g;
    static struct probe probes[2000];
    struct workers_options many = options;
    many.max_tasks = 500;
    init_gauge(&g, &many);
    g.open = true;
    give(&g, probes, 2000, WORK_TASKS);
    assert_true(await(&g, &g.done, 2000));
    assert_true(workers_thread_count(g.pool) < 100);
    end_gauge(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pool_grows_to_its_bound),
        cmocka_unit_test(floods_keep_nobody_waiting),
        cmocka_unit_test(addresses_take_turns),
        cmocka_unit_test(quick_work_needs_few_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
