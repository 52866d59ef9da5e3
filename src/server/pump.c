/* Pump mode: no thread of ours, the program calls. */
#include "server/loop.h"
#include "server/server.h"

/* The one loop; NULL: there is none, because the server has threads, has ended, or cannot be
 * started. */
static struct loop *pumped_loop(sally_server *server, sally_error *error)
{
    pthread_mutex_lock(&server->lock);
    enum server_state state = server->state;
    bool is_new = state == SERVER_NEW && !server->is_draining;
    pthread_mutex_unlock(&server->lock);
    *error = SALLY_E_OK;
    if (is_new)
        *error = server_prepare(server, true);
    else if (state == SERVER_STARTED)
        *error = server_fail(server, SALLY_E_STATE,
                             "cannot be pumped: the server runs on threads of its own");
    else if (state != SERVER_PUMPED)
        return NULL;
    return *error ? NULL : server->loops[0];
}

int sally_server_poll(sally_server *server, int timeout_ms)
{
    if (!server)
        return SALLY_E_INVALID;
    sally_error error;
    struct loop *loop = pumped_loop(server, &error);
    if (!loop)
        return error;
    if (loop_is_here(loop))
        return server_fail(server, SALLY_E_BUSY,
                           "a server cannot be pumped inside its own callbacks");
    loop_pump(loop, timeout_ms);
    if (!loop->is_finished)
        return 1;
    server_loop_ended(server);
    return 0;
}

int sally_server_fd(sally_server *server)
{
    if (!server)
        return -1;
    sally_error error;
    struct loop *loop = pumped_loop(server, &error);
    return loop ? uv_backend_fd(&loop->uv) : -1;
}

int sally_server_timeout(const sally_server *server)
{
    if (!server)
        return -1;
    sally_error error;
    const struct loop *loop = pumped_loop((sally_server *)(uintptr_t)server, &error);
    if (!loop)
        return 0;
    return loop->watchers_changed ? 0 : uv_backend_timeout(&loop->uv);
}
