/* All log lines go through here: one at a time, from any thread. */
#include "loop/clock.h"
#include "server/server.h"

static void write_line(void *user_data, const sally_log_line *line)
{
    sally_server *server = user_data;
    pthread_mutex_lock(&server->log_lock);
    if (!server->log_busy) {
        server->log_busy = true;
        server->log_fn(server->log_user_data, line);
        server->log_busy = false;
    }
    pthread_mutex_unlock(&server->log_lock);
}

void server_log_init(sally_server *server)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&server->log_lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    server->log = (struct log_sink){
        .user_data = server, .changing_level = &server->log_level, .wall_ns = clock_log_ns};
}

void server_log_clear(sally_server *server)
{
    pthread_mutex_destroy(&server->log_lock);
}

sally_error sally_server_set_log(sally_server *server, sally_log_fn *log, void *user_data,
                                 uint32_t level)
{
    if (!server)
        return SALLY_E_INVALID;
    pthread_mutex_lock(&server->lock);
    bool is_new = server->state == SERVER_NEW;
    if (is_new) {
        server->log_fn = log;
        server->log_user_data = user_data;
        server->log.write = log ? write_line : NULL;
        atomic_store(&server->log_level, level);
    }
    pthread_mutex_unlock(&server->lock);
    return is_new ? SALLY_E_OK
                  : server_fail(server, SALLY_E_STATE,
                                "cannot set the log: the server is already started");
}

sally_error sally_server_set_log_level(sally_server *server, uint32_t level)
{
    if (!server)
        return SALLY_E_INVALID;
    if (level > SALLY_LOG_DEBUG)
        return server_fail(server, SALLY_E_RANGE, "invalid log level %u; the highest is %d (debug)",
                           SALLY_LOG_DEBUG, (unsigned)level);
    atomic_store(&server->log_level, level);
    return SALLY_E_OK;
}
