/* The life of a server: start, run, stop listening, shut down, wait for the end. */
#include <fcntl.h>
#include <time.h>

#include "loop/thread.h"
#include "loop/workers.h"
#include "os/descriptors.h"
#include "server/conn.h"
#include "server/listener.h"
#include "server/loops.h"
#include "server/server.h"

#define NS_PER_S UINT64_C(1000000000)

/* Host keys, and that clients can be offered one. */
static sally_error have_host_keys(sally_server *server)
{
    char why[SETTINGS_WHY_SIZE];
    sally_error error = generated_keys_make(server);
    if (error)
        return server_fail(server, error, "cannot generate a host key: %s", sally_strerror(error));
    struct settings *settings = server_settings(server);
    struct keyring *keys = server_keys(server);
    bool ok = server_can_sign(keys, settings, why);
    keyring_unref(keys);
    settings_unref(settings);
    return ok ? SALLY_E_OK : server_fail(server, SALLY_E_RANGE, "cannot start: %s", why);
}

static const char *why_no_start(enum server_state state)
{
    switch (state) {
    case SERVER_STARTED:
        return "the server is already running";
    case SERVER_PUMPED:
        return "the server is run by sally_server_poll()";
    case SERVER_ENDED:
        return "the server has ended and cannot run again; create another one";
    default:
        return "the server was shut down; create another one";
    }
}

sally_error server_prepare(sally_server *server, bool pumped)
{
    sally_error error = have_host_keys(server);
    if (error)
        return error;
    pthread_mutex_lock(&server->lock);
    enum server_state state = server->state;
    if (state != SERVER_NEW || server->is_draining)
        error = SALLY_E_STATE;
    else
        error = loops_make(server, pumped);
    if (!error) {
        server->state = pumped ? SERVER_PUMPED : SERVER_STARTED;
        server->loops_running = server->loop_count;
        limits_set(&server->limits, server->settings, os_descriptor_limit());
        server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        LIST_EACH (item, &server->acceptors)
            acceptor_start(CONTAINER_OF(item, struct acceptor, link), &server->loops[0]->loop);
        struct list *item;
        while ((item = list_pop_first(&server->early)) != NULL)
            conn_launch(CONTAINER_OF(item, struct conn, link), loops_pick(server));
    }
    pthread_mutex_unlock(&server->lock);
    return error ? server_fail(server, error, "cannot start: %s",
                               error == SALLY_E_STATE ? why_no_start(state) : sally_strerror(error))
                 : SALLY_E_OK;
}

void server_loop_ended(struct server_loop *loop)
{
    sally_server *server = loop->server;
    pthread_mutex_lock(&server->lock);
    loop->is_over = true;
    bool last = --server->loops_running == 0;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    if (!last)
        return;
    conn_log_tell(server);
    struct log_ids none = {0, 0, 0};
    log_line(&server->log, none, SALLY_LOG_INFO, "server.ended", NULL, 0, "Server ended");
    pthread_mutex_lock(&server->lock);
    server->state = SERVER_ENDED;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void *loop_main(void *argument)
{
    struct server_loop *loop = argument;
    loop_run(&loop->loop);
    server_loop_ended(loop);
    return NULL;
}

sally_error sally_server_start(sally_server *server)
{
    if (!server)
        return SALLY_E_INVALID;
    sally_error error = server_prepare(server, false);
    if (error)
        return error;
    struct log_ids none = {0, 0, 0};
    log_line(&server->log, none, SALLY_LOG_INFO, "server.started", NULL, 0,
             "Server started with %u loops", (unsigned)server->loop_count);
    generated_keys_start(server);
    for (uint32_t i = 0; i < server->loop_count; i++) {
        struct server_loop *loop = server->loops[i];
        pthread_t thread;
        loop->has_thread = thread_start(&thread, 0, "sally-loop", loop_main, loop);
        if (loop->has_thread) {
            loop->thread = thread;
            continue;
        }
        /* If not all loops can start, the server ends: the remaining loops are run here, one after
         * the other, until they are done. */
        (void)sally_server_shutdown(server, 0);
        for (; i < server->loop_count; i++)
            (void)loop_main(server->loops[i]);
        (void)server_join(server, DEADLINE_NONE);
        return server_fail(server, SALLY_E_SYSTEM, "cannot start: cannot create more threads");
    }
    return SALLY_E_OK;
}

sally_error sally_server_run(sally_server *server)
{
    sally_error error = sally_server_start(server);
    return error ? error : sally_server_wait(server);
}

/* ---- Shutdown ---- */

static void drain(struct task *task)
{
    struct server_loop *loop = server_loop_of(task->loop);
    pthread_mutex_lock(&loop->server->lock);
    loop->is_drain_queued = false;
    uint64_t grace_end_ns = loop->server->grace_end_ns;
    pthread_mutex_unlock(&loop->server->lock);
    loop_drain(&loop->loop, grace_end_ns);
}

sally_error sally_server_shutdown(sally_server *server, uint64_t grace_ms)
{
    if (!server)
        return SALLY_E_INVALID;
    uint64_t now = loop_now_ns();
    uint64_t end =
        grace_ms < (UINT64_MAX - now) / 1000000u ? now + grace_ms * 1000000u : UINT64_MAX - 1;
    struct list dead;
    list_init(&dead);
    pthread_mutex_lock(&server->lock);
    bool is_first = !server->is_draining;
    bool runs = server->state == SERVER_STARTED || server->state == SERVER_PUMPED;
    acceptors_close(server, NULL, &dead);
    if (is_first || end < server->grace_end_ns)
        server->grace_end_ns = end;
    server->is_draining = true;
    pthread_cond_broadcast(&server->changed); /* waiters must see the new end of the grace */
    for (uint32_t i = 0; runs && i < server->loop_count; i++) {
        struct server_loop *loop = server->loops[i];
        if (loop->is_drain_queued)
            continue;
        loop->is_drain_queued = true;
        loop->drain = (struct task){.loop = &loop->loop, .home = drain};
        list_init(&loop->drain.link);
        loop_give_task(&loop->drain);
    }
    pthread_mutex_unlock(&server->lock);
    acceptors_free(&dead);
    struct log_ids none = {0, 0, 0};
    if (is_first && runs)
        log_line(&server->log, none, SALLY_LOG_INFO, "server.stopping", NULL, 0,
                 "Server is shutting down");
    return SALLY_E_OK;
}

/* ---- Waiting ---- */

bool server_is_here(sally_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool here = server->workers && workers_is_here(server->workers);
    for (uint32_t i = 0; i < server->loop_count && !here; i++)
        here = loop_is_here(&server->loops[i]->loop);
    pthread_mutex_unlock(&server->lock);
    return here;
}

void server_await_change(sally_server *server, uint64_t until_ns)
{
    if (until_ns == DEADLINE_NONE) {
        pthread_cond_wait(&server->changed, &server->lock);
        return;
    }
    const struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                                   .tv_nsec = (long)(until_ns % NS_PER_S)};
    pthread_cond_timedwait(&server->changed, &server->lock, &until);
}

/* Waits until the loops have ended. SALLY_E_BUSY: operations have stalled for too long;
 * SALLY_E_TIMEOUT: it is `until_ns`. Under the lock. */
static sally_error await_loops(sally_server *server, uint64_t until_ns, struct stalled_ops *stalled)
{
    struct stall_timer timer = {.is_begun = false};
    while (server->state == SERVER_STARTED) {
        uint64_t now = loop_now_ns();
        uint64_t next = stall_timer_next(server, &timer, now);
        if (next == 0 && stalled_ops_collect(server, stalled))
            return SALLY_E_BUSY;
        if (next == 0)
            timer.is_begun = false; /* nothing has stalled: the loops will end */
        else if (now >= until_ns)
            return SALLY_E_TIMEOUT;
        else
            server_await_change(server, next < until_ns ? next : until_ns);
    }
    return SALLY_E_OK;
}

sally_error server_join(sally_server *server, uint64_t until_ns)
{
    struct stalled_ops stalled;
    pthread_mutex_lock(&server->lock);
    sally_error error = await_loops(server, until_ns, &stalled);
    if (error) {
        pthread_mutex_unlock(&server->lock);
        return error == SALLY_E_BUSY ? stalled_ops_report(server, &stalled)
                                     : server_fail(server, error, "the server is still running");
    }
    while (server->is_joining && !server->is_joined)
        pthread_cond_wait(&server->changed, &server->lock);
    struct workers *workers = NULL;
    bool joins = server->state == SERVER_ENDED && !server->is_joined;
    if (joins) {
        server->is_joining = true;
        workers = server->workers;
        server->workers = NULL;
    }
    pthread_mutex_unlock(&server->lock);
    if (!joins)
        return SALLY_E_OK;
    for (uint32_t i = 0; i < server->loop_count; i++)
        if (server->loops[i]->has_thread)
            pthread_join(server->loops[i]->thread, NULL);
    generated_keys_stop(server);
    workers_free(workers);
    pthread_mutex_lock(&server->lock);
    server->is_joined = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return SALLY_E_OK;
}

static sally_error wait_until(sally_server *server, uint64_t until_ns)
{
    if (server_is_here(server))
        return server_fail(server, SALLY_E_BUSY,
                           "sally_server_wait() cannot be called from a callback of the server");
    pthread_mutex_lock(&server->lock);
    enum server_state state = server->state;
    pthread_mutex_unlock(&server->lock);
    if (state == SERVER_NEW || state == SERVER_PUMPED)
        return server_fail(server, SALLY_E_STATE, "cannot wait: %s",
                           state == SERVER_NEW ? "the server was not started"
                                               : "sally_server_poll() runs the server");
    return server_join(server, until_ns);
}

sally_error sally_server_wait(sally_server *server)
{
    return server ? wait_until(server, DEADLINE_NONE) : SALLY_E_INVALID;
}

sally_error sally_server_wait_for(sally_server *server, int64_t timeout_ms)
{
    if (!server)
        return SALLY_E_INVALID;
    uint64_t now = loop_now_ns();
    bool is_endless = timeout_ms < 0 || (uint64_t)timeout_ms > (DEADLINE_NONE - 1 - now) / 1000000u;
    return wait_until(server, is_endless ? DEADLINE_NONE : now + (uint64_t)timeout_ms * 1000000u);
}
