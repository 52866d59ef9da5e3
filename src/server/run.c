/* Loops and threads: start, run, wait, and the way to the end. */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/conn.h"
#include "server/listener.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/thread.h"
#include "server/workers.h"

#define DEFAULT_WORKERS 256
#define MAX_LOOPS       1024
#define NS_PER_S        UINT64_C(1000000000)

static uint32_t processors(void)
{
#if UV_VERSION_HEX >= 0x012c00
    unsigned count = uv_available_parallelism();
#else
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#endif
    return count < 1 ? 1 : count > MAX_LOOPS ? MAX_LOOPS : (uint32_t)count;
}

static uint32_t or_default(uint64_t value, uint32_t otherwise)
{
    return value ? (uint32_t)value : otherwise;
}

static struct workers *make_workers(const struct settings *s)
{
    uint32_t cores = processors();
    uint32_t workers = or_default(s->server_workers, DEFAULT_WORKERS);
    const struct workers_options options = {
        .max_sessions = workers,
        .max_connection = (uint32_t)s->server_workers_per_connection,
        .max_user = or_default(s->server_workers_per_user, workers - workers / 4),
        .max_unauthenticated =
            or_default(s->server_workers_unauthenticated, cores < 2 ? 4 : cores * 2),
        .max_passwords = or_default(s->server_password_hash_jobs, cores),
        .stack = (size_t)s->server_worker_stack,
    };
    return workers_new(&options);
}

static void free_loops(sally_server *server)
{
    for (uint32_t i = 0; i < server->loop_count; i++)
        loop_free(server->loops[i]);
    mem_free(server->loops);
    server->loops = NULL;
    server->loop_count = 0;
    workers_free(server->workers);
    server->workers = NULL;
}

static sally_error make_loops(sally_server *server, bool pumped)
{
    const struct settings *s = server->settings;
    uint32_t count = pumped ? 1 : or_default(s->server_loops, processors());
    server->loops = mem_array(count, sizeof(struct loop *));
    sally_error error = server->loops ? SALLY_E_OK : SALLY_E_NO_MEMORY;
    while (!error && server->loop_count < count) {
        error = loop_new(&server->loops[server->loop_count], server, server->loop_count);
        if (!error)
            server->loop_count++;
    }
    if (!error && (!pumped || s->server_workers)) {
        server->workers = make_workers(s);
        if (!server->workers)
            error = SALLY_E_NO_MEMORY;
    }
    if (error)
        free_loops(server);
    return error;
}

/* Host keys, and that clients can be offered one. */
static sally_error have_host_keys(sally_server *server)
{
    char why[SETTINGS_WHY_SIZE];
    sally_error error = own_keys_make(server);
    if (error)
        return server_fail(server, error, "cannot make a host key: %s", sally_strerror(error));
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
        return "the server has ended and cannot run again; make another one";
    default:
        return "the server was shut down; make another one";
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
        error = make_loops(server, pumped);
    if (!error) {
        server->state = pumped ? SERVER_PUMPED : SERVER_STARTED;
        server->loops_running = server->loop_count;
        server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        LIST_EACH (item, &server->listeners)
            listener_start(CONTAINER_OF(item, struct listener, link), server->loops[0]);
        struct list *item;
        while ((item = list_take_first(&server->early)) != NULL)
            conn_launch(CONTAINER_OF(item, struct conn, loop_link), server_pick_loop(server));
    }
    pthread_mutex_unlock(&server->lock);
    return error ? server_fail(server, error, "cannot start: %s",
                               error == SALLY_E_STATE ? why_no_start(state) : sally_strerror(error))
                 : SALLY_E_OK;
}

struct loop *server_pick_loop(sally_server *server)
{
    struct loop *best = NULL;
    uint32_t least = UINT32_MAX;
    if (server->is_draining)
        return NULL;
    for (uint32_t i = 0; i < server->loop_count; i++) {
        uint32_t load = atomic_load_explicit(&server->loops[i]->load, memory_order_relaxed);
        if (load < least) {
            least = load;
            best = server->loops[i];
        }
    }
    if (best)
        atomic_fetch_add_explicit(&best->load, 1, memory_order_acq_rel);
    return best;
}

void server_loop_ended(struct loop *loop)
{
    sally_server *server = loop->server;
    pthread_mutex_lock(&server->lock);
    loop->is_over = true;
    bool last = --server->loops_running == 0;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    if (!last)
        return;
    struct log_ids none = {0, 0, 0};
    log_line(&server->log, none, SALLY_LOG_INFO, "server.ended", NULL, 0, "Server ended");
    pthread_mutex_lock(&server->lock);
    server->state = SERVER_ENDED;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void *loop_main(void *argument)
{
    struct loop *loop = argument;
    loop_run(loop);
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
    own_keys_start(server);
    for (uint32_t i = 0; i < server->loop_count; i++) {
        struct loop *loop = server->loops[i];
        pthread_t thread;
        loop->has_thread = thread_start(&thread, 0, "sally-loop", loop_main, loop);
        if (loop->has_thread) {
            loop->joined = thread;
            continue;
        }
        /* What cannot be served is ended: the remaining loops are run here, one after the other,
         * until they have nothing left. */
        (void)sally_server_shutdown(server, 0);
        for (; i < server->loop_count; i++)
            (void)loop_main(server->loops[i]);
        (void)server_join(server);
        return server_fail(server, SALLY_E_SYSTEM, "cannot start: no more threads can be made");
    }
    return SALLY_E_OK;
}

sally_error sally_server_run(sally_server *server)
{
    sally_error error = sally_server_start(server);
    return error ? error : sally_server_wait(server);
}

bool server_is_here(sally_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool here = server->workers && workers_is_here(server->workers);
    for (uint32_t i = 0; i < server->loop_count && !here; i++)
        here = loop_is_here(server->loops[i]);
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

/* Waits until the loops have ended. False: operations have stalled for too long. Under the lock. */
static bool await_loops(sally_server *server, struct stalled *stalled)
{
    struct stall_timer timer = {.is_begun = false};
    while (server->state == SERVER_STARTED) {
        uint64_t next = stall_timer_next(server, &timer, loop_now_ns());
        if (next > 0)
            server_await_change(server, next);
        else if (stalled_ask(server, stalled))
            return false;
        else
            timer.is_begun = false; /* nothing has stalled: the loops will end */
    }
    return true;
}

sally_error server_join(sally_server *server)
{
    struct stalled stalled;
    pthread_mutex_lock(&server->lock);
    if (!await_loops(server, &stalled)) {
        pthread_mutex_unlock(&server->lock);
        return stalled_fail(server, &stalled);
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
            pthread_join(server->loops[i]->joined, NULL);
    own_keys_stop(server);
    workers_free(workers);
    pthread_mutex_lock(&server->lock);
    server->is_joined = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return SALLY_E_OK;
}

sally_error sally_server_wait(sally_server *server)
{
    if (!server)
        return SALLY_E_INVALID;
    if (server_is_here(server))
        return server_fail(server, SALLY_E_BUSY,
                           "a server's end cannot be waited for inside its own callbacks");
    pthread_mutex_lock(&server->lock);
    enum server_state state = server->state;
    pthread_mutex_unlock(&server->lock);
    if (state == SERVER_NEW || state == SERVER_PUMPED)
        return server_fail(server, SALLY_E_STATE, "cannot wait: %s",
                           state == SERVER_NEW ? "the server was not started"
                                               : "sally_server_poll() runs the server");
    return server_join(server);
}
