/* Deaf, then empty: how a server ends. */
#include "server/listener.h"
#include "server/loop.h"
#include "server/server.h"

static void stop_listening(struct task *task)
{
    listeners_close(task->loop);
}

/* Under the lock. */
static void deafen(sally_server *server)
{
    if (server->is_deaf)
        return;
    server->is_deaf = true;
    if (server->state == SERVER_STARTED || server->state == SERVER_PUMPED) {
        server->deafen = (struct task){.loop = server->loops[0], .home = stop_listening};
        list_init(&server->deafen.link);
        loop_give_task(&server->deafen);
        return;
    }
    LIST_EACH (item, &server->listeners)
        listener_close(CONTAINER_OF(item, struct listener, link));
}

sally_error sally_server_stop_listening(sally_server *server)
{
    if (!server)
        return SALLY_E_INVALID;
    pthread_mutex_lock(&server->lock);
    deafen(server);
    pthread_mutex_unlock(&server->lock);
    return SALLY_E_OK;
}

static void drain(struct task *task)
{
    struct loop *loop = task->loop;
    pthread_mutex_lock(&loop->server->lock);
    loop->is_drain_queued = false;
    uint64_t grace_end_ns = loop->server->grace_end_ns;
    pthread_mutex_unlock(&loop->server->lock);
    loop_drain(loop, grace_end_ns);
}

sally_error sally_server_shutdown(sally_server *server, uint64_t grace_ms)
{
    if (!server)
        return SALLY_E_INVALID;
    uint64_t now = loop_now_ns();
    uint64_t end =
        grace_ms < (UINT64_MAX - now) / 1000000u ? now + grace_ms * 1000000u : UINT64_MAX - 1;
    pthread_mutex_lock(&server->lock);
    bool is_first = !server->is_draining;
    bool runs = server->state == SERVER_STARTED || server->state == SERVER_PUMPED;
    deafen(server);
    if (is_first || end < server->grace_end_ns)
        server->grace_end_ns = end;
    server->is_draining = true;
    pthread_cond_broadcast(&server->changed); /* waiters must see the new end of the grace */
    for (uint32_t i = 0; runs && i < server->loop_count; i++) {
        struct loop *loop = server->loops[i];
        if (loop->is_drain_queued)
            continue;
        loop->is_drain_queued = true;
        loop->drain = (struct task){.loop = loop, .home = drain};
        list_init(&loop->drain.link);
        loop_give_task(&loop->drain);
    }
    pthread_mutex_unlock(&server->lock);
    struct log_ids none = {0, 0, 0};
    if (is_first && runs)
        log_line(&server->log, none, SALLY_LOG_INFO, "server.stopping", NULL, 0,
                 "Server is shutting down");
    return SALLY_E_OK;
}
