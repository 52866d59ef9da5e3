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
    return false; /* nobody is at home */
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

static void give(struct gauge *g, struct probe *probes, size_t count, enum work kind)
{
    for (size_t i = 0; i < count; i++) {
        probes[i] = (struct probe){.task = {.run = run_probe}, .gauge = g};
        list_init(&probes[i].task.link);
        workers_give_task(g->pool, kind, &probes[i].task);
    }
}

static const struct workers_options options = {
    .max_sessions = 6, .max_unauthenticated = 3, .max_passwords = 2, .stack = 256 * 1024};

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

static void strangers_have_their_own_share(void **state)
{
    (void)state;
    struct gauge logins, sessions;
    struct probe probes[8], passwords[8], others[8];
    init_gauge(&logins, &options);
    memset(&sessions, 0, sizeof sessions);
    pthread_mutex_init(&sessions.lock, NULL);
    pthread_cond_init(&sessions.changed, NULL);
    sessions.pool = logins.pool;
    give(&logins, passwords, 8, WORK_PASSWORDS);
    assert_true(await(&logins, &logins.running, 2));
    give(&logins, probes, 8, WORK_LOGINS);
    assert_true(await(&logins, &logins.running, 3));
    give(&sessions, others, 8, WORK_TASKS); /* are not kept waiting by them */
    assert_true(await(&sessions, &sessions.running, 6));
    pthread_mutex_lock(&logins.lock);
    assert_int_equal(logins.most, 3);
    pthread_mutex_unlock(&logins.lock);
    let_go(&sessions);
    let_go(&logins);
    assert_true(await(&logins, &logins.done, 16));
    assert_true(await(&sessions, &sessions.done, 8));
    assert_int_equal(logins.most, 3);
    pthread_cond_destroy(&sessions.changed);
    pthread_mutex_destroy(&sessions.lock);
    end_gauge(&logins);
}

/* Quick work does not make threads that nobody needs. */
static void quick_work_needs_few_threads(void **state)
{
    (void)state;
    struct gauge g;
    static struct probe probes[2000];
    struct workers_options many = options;
    many.max_sessions = 500;
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
        cmocka_unit_test(strangers_have_their_own_share),
        cmocka_unit_test(quick_work_needs_few_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
