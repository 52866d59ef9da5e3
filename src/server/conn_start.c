/* The start of a connection on its loop: it is admitted, or refused. */
#include <stdio.h>

#include "server/conn.h"
#include "server/conn_hooks.h"
#include "server/listener_url.h"
#include "server/server.h"

void conn_log_refused(const struct conn *c, const char *why)
{
    sally_log_field fields[] = {{"address", c->peer.address}, {"reason", why}};
    log_line(&c->log, conn_log_ids(c), SALLY_LOG_INFO, "connection.refused", fields,
             COUNT_OF(fields), "Connection refused");
}

static void announce_start(struct conn *c)
{
    char port[8], url[LISTENER_URL_SIZE];
    snprintf(port, sizeof port, "%u", (unsigned)c->peer.port);
    listener_url_print(url, c->service->protocol, &c->local_address);
    sally_log_field fields[4] = {{"address", c->peer.address}, {"port", port}, {"to", url}};
    size_t count = 3;
    if (*c->proxy_address)
        fields[count++] = (sally_log_field){"proxy", c->proxy_address};
    log_line(&c->log, conn_log_ids(c), SALLY_LOG_INFO, "connection.opened", fields, count,
             "Connection accepted");
    conn_hooks_connected(c);
}

/* Without a DISCONNECT: nothing was sent yet. */
static void turn_away(struct conn *c, const char *why)
{
    counter_add(&c->server->counters.connections_refused, 1);
    conn_log_refused(c, why);
    hook_question_void(c);
    registry_remove(&c->server->registry, c);
    conn_close_socket(c);
}

static void admit(struct conn *c)
{
    conn_memory_begin(c);
    loop_member_set_owner(&c->member, c->address_usage);
    announce_start(c);
    sally_error error = c->service->protocol->line_new(&c->line, c);
    if (!error)
        error = conn_open_socket(c);
    if (error) {
        conn_end(c, SALLY_END_LIMIT, sally_strerror(error));
        return;
    }
    conn_make_ready(c);
    if (c->loop->loop.is_draining)
        conn_disconnect(c, SALLY_END_BY_SERVER, "server is shutting down");
}

static void on_admission(struct conn *c, void *unused, sally_status status)
{
    (void)unused;
    c->awaits_admission = false;
    if (conn_is_ended(c))
        return;
    loop_member_set_deadline(&c->member, DEADLINE_NONE);
    if (answer_allows(status))
        admit(c);
    else
        turn_away(c, "hook");
}

/* Its first moment on its loop. */
void conn_start(struct task *task)
{
    static const struct hook_question_kind admission = {conn_hooks_ask_admission, on_admission};
    struct conn *c = CONTAINER_OF(task, struct conn, start);
    struct server_loop *loop = c->loop;
    list_append(&loop->conns, &c->link);
    c->active_ns = loop_now_ns();
    progress_begin(&c->progress, c->active_ns);
    atomic_store_explicit(&c->facts.last_input_ns, c->active_ns, memory_order_relaxed);
    /* Again: a server that starts without keys generates some. */
    bool has_joined =
        loop_join(&loop->loop, &c->member) && conn_begin_service(c, c->service->protocol);
    if (!has_joined) {
        turn_away(c, "out of memory");
        return;
    }
    sally_status status = hook_question_ask(c, &admission, NULL);
    if (status != SALLY_PENDING) {
        on_admission(c, NULL, status);
        return;
    }
    c->awaits_admission = true;
    if (c->settings->limits.login_ns)
        loop_member_set_deadline(&c->member, c->active_ns + c->settings->limits.login_ns);
}

void conn_stop_awaiting(struct conn *c, const char *why)
{
    c->awaits_admission = false;
    turn_away(c, why);
}

void conn_await_admission(struct conn *c)
{
    if (c->is_due)
        conn_stop_awaiting(c, "limits.login_time");
}
