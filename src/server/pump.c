/* Pump mode: no thread of ours, the program calls. */
#include <limits.h>

#include "loop/deadlines.h"
#include "server/loops.h"
#include "server/server.h"

/* The one loop; NULL: there is none, because the server has threads, has ended, or cannot be
 * started. */
static struct server_loop *pumped_loop(sally_server *server, sally_error *error)
{
    pthread_mutex_lock(&server->lock);
    enum server_state state = server->state;
    bool is_new = state == SERVER_NEW && !server->is_draining;
    pthread_mutex_unlock(&server->lock);
    *error = SALLY_E_OK;
    if (is_new)
        *error = server_prepare(server, true);
    else if (state == SERVER_STARTED)
        *error =
            server_fail(server, SALLY_E_STATE, "cannot poll: the server runs on its own threads");
    else if (state != SERVER_PUMPED)
        return NULL;
    return *error ? NULL : server->loops[0];
}

/* When to check for stalled operations again; DEADLINE_NONE: no need to. */
static uint64_t next_look(sally_server *server)
{
    pthread_mutex_lock(&server->lock);
    uint64_t next = stall_timer_next(server, &server->pump_stall_timer, loop_now_ns());
    pthread_mutex_unlock(&server->lock);
    return next;
}

static int sooner(int timeout_ms, uint64_t at_ns)
{
    uint64_t now = loop_now_ns();
    if (at_ns == DEADLINE_NONE)
        return timeout_ms;
    uint64_t ms = at_ns > now ? (at_ns - now + 999999) / 1000000 : 0;
    return timeout_ms >= 0 && (uint64_t)timeout_ms < ms ? timeout_ms
           : ms > INT_MAX                               ? INT_MAX
                                                        : (int)ms;
}

int sally_server_poll(sally_server *server, int timeout_ms)
{
    if (!server)
        return SALLY_E_INVALID;
    sally_error error;
    struct server_loop *loop = pumped_loop(server, &error);
    if (!loop)
        return error;
    if (loop_is_here(&loop->loop))
        return server_fail(server, SALLY_E_BUSY,
                           "sally_server_poll() cannot be called from a callback of the server");
    uint64_t look_ns = next_look(server);
    loop_pump(&loop->loop, sooner(timeout_ms, look_ns));
    if (loop->loop.is_finished) {
        server_loop_ended(loop);
        return 0;
    }
    struct stalled_ops stalled;
    if (look_ns != DEADLINE_NONE && next_look(server) == 0) {
        server->pump_stall_timer.is_begun = false;
        stalled_ops_of_loop(loop, &stalled);
        if (stalled.count)
            return stalled_ops_report(server, &stalled);
    }
    return 1;
}

int sally_server_fd(sally_server *server)
{
    if (!server)
        return -1;
    sally_error error;
    struct server_loop *loop = pumped_loop(server, &error);
    return loop ? uv_backend_fd(&loop->loop.uv) : -1;
}

int sally_server_timeout(const sally_server *server)
{
    if (!server)
        return -1;
    sally_error error;
    sally_server *s = (sally_server *)(uintptr_t)server;
    const struct server_loop *loop = pumped_loop(s, &error);
    if (!loop)
        return 0;
    return loop->loop.watchers_changed ? 0
                                       : sooner(uv_backend_timeout(&loop->loop.uv), next_look(s));
}
