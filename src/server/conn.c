#include "server/conn.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/clock.h"
#include "server/conn_hooks.h"
#include "server/conn_log.h"
#include "server/conn_session.h"
#include "server/incoming_socket.h"
#include "server/listener.h"
#include "server/login.h"
#include "server/server.h"

#define LINGER_NS UINT64_C(2000000000)

struct log_ids conn_log_ids(const struct conn *c)
{
    return (struct log_ids){.connection = c->peer.connection_id};
}

struct conn *conn_ref(struct conn *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void conn_unref(struct conn *c)
{
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    conn_facts_clear(&c->facts);
    mem_free(c->client_software);
    listener_unref(c->listener);
    mem_free(c);
}

/* ---- Start ---- */

static void set_option(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value,
                     sizeof value); /* not every socket has every option */
}

static void prepare_socket(int fd, const struct settings *settings)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (settings->server.receive_buffer)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, (int)settings->server.receive_buffer);
    if (settings->server.send_buffer)
        set_option(fd, SOL_SOCKET, SO_SNDBUF, (int)settings->server.send_buffer);
}

static void conn_drain(struct loop_member *m, bool now);

static const struct loop_member_methods conn_methods = {conn_turn, conn_due, conn_drain};

bool conn_begin_service(struct conn *c, const struct protocol *protocol)
{
    struct service_source *source = c->listener ? &c->listener->service : &c->server->adopted;
    struct service *service = service_get(c->server, source, protocol);
    if (!service)
        return false;
    settings_unref(c->settings);
    service_unref(c->service);
    c->service = service;
    c->settings = settings_ref(service->settings);
    return true;
}

static void end_service(struct conn *c)
{
    setting_layer_clear(&c->user_layer);
    setting_layer_clear(&c->own_layer);
    settings_unref(c->settings);
    service_unref(c->service);
}

struct conn *conn_new(const struct incoming_socket *incoming, const char **limit)
{
    sally_server *server = incoming->server;
    int fd = incoming->fd;
    struct conn *c = mem_zalloc(sizeof *c);
    *limit = NULL;
    if (!c) {
        close(fd);
        return NULL;
    }
    atomic_init(&c->refs, 1);
    c->server = server;
    c->listener = incoming->listener ? listener_ref(incoming->listener) : NULL;
    c->socket.fd = fd;
    c->stream = stream_plain(fd);
    conn_log_init(c);
    c->start.home = conn_start;
    c->pins = 1;
    list_init(&c->registry_link);
    list_init(&c->link);
    loop_member_init(&c->member, &conn_methods);
    list_init(&c->completed_ops);
    list_init(&c->sessions);
    list_init(&c->ready_sessions);
    atomic_init(&c->stage, CONN_HANDSHAKE);
    conn_facts_init(&c->facts);
    setting_layer_init(&c->user_layer, SALLY_SCOPE_USER);
    setting_layer_init(&c->own_layer, SALLY_SCOPE_CONNECTION);
    c->connected_wall_ns = clock_wall_ns();
    c->peer.connection_id =
        atomic_fetch_add_explicit(&server->next_connection_id, 1, memory_order_relaxed);
    conn_set_peer(c, incoming);
    bool has_service = conn_begin_service(c, incoming->protocol);
    if (has_service)
        *limit =
            limits_admit(&server->limits, c->settings, &c->ip, loop_now_ns(), &c->address_usage);
    if (!has_service || *limit) {
        counter_add(&server->counters.connections_refused, 1);
        conn_log_refused(c, *limit ? *limit : "out of memory");
        c->socket.fd = -1;
        close(fd);
        end_service(c);
        conn_unref(c);
        return NULL;
    }
    prepare_socket(fd, c->settings);
    counter_add(&server->counters.connections, 1);
    counter_add(&server->counters.connections_now, 1);
    counter_add(&server->counters.connections_unauthenticated_now, 1);
    return c;
}

static void leave_limits(struct conn *c)
{
    limits_release(&c->server->limits, c->address_usage);
    c->address_usage = NULL;
}

/* What conn_new() counted and took. */
static void release_place(struct conn *c)
{
    sally_server *server = c->server;
    if (c->socket.fd < 0)
        return;
    close(c->socket.fd);
    c->socket.fd = -1;
    conn_rate_end(c);
    conn_memory_end(c);
    counter_sub(&server->counters.connections_now, 1);
    if (!c->is_logged_in) {
        counter_sub(&server->counters.connections_unauthenticated_now, 1);
        limits_logged_in(&server->limits, c->address_usage);
    }
    if (!c->is_logged_in)
        loop_member_set_owner(&c->member, NULL);
    /* A user who keeps reconnecting must not get more of them than one who stays connected, nor
     * more questions that the program has yet to answer. */
    c->counted_until_answered = hook_question_is_open(c);
    if (!c->counted_until_answered)
        leave_limits(c);
    c->counted_until_drained = !c->counted_until_answered && !list_empty(&c->sessions);
    if (c->counted_until_drained)
        counter_add_below(&server->limits.connections, 1, 0);
    login_clear(c);
}

void conn_discard(struct conn *c)
{
    release_place(c);
    end_service(c);
    conn_unref(c);
}

void conn_launch(struct conn *c, struct server_loop *loop)
{
    c->loop = loop;
    c->start.loop = &loop->loop;
    conn_log_init(c); /* adopted connections may exist before the log is set */
    registry_add(&c->server->registry, c);
    loop_give_task(&c->start);
}

/* ---- End ---- */

void conn_pin(struct conn *c)
{
    c->pins++;
}

static void conn_leave_loop(struct conn *c)
{
    struct server_loop *loop = c->loop;
    heap_trim_note(&loop->heap_trim, c->moved_bytes);
    loop_leave(&c->member);
    list_remove(&c->link);
    local_account_settle(&c->memory);
    login_forget(c);
    if (c->counted_until_answered)
        leave_limits(c);
    if (c->counted_until_drained)
        counter_sub(&c->server->limits.connections, 1);
    end_service(c);
    conn_free_data(c);
    conn_unref(c);
    atomic_fetch_sub_explicit(&loop->loop.load, 1, memory_order_acq_rel);
}

void conn_unpin(struct conn *c)
{
    if (--c->pins == 0)
        conn_leave_loop(c);
}

static void announce_end(struct conn *c)
{
    static const char *const reasons[] = {"",        "client",   "server", "lost",
                                          "timeout", "protocol", "limit",  "login"};
    char in[24], out[24];
    snprintf(in, sizeof in, "%" PRIu64,
             atomic_load_explicit(&c->facts.bytes_in, memory_order_relaxed));
    snprintf(out, sizeof out, "%" PRIu64,
             atomic_load_explicit(&c->facts.bytes_out, memory_order_relaxed));
    sally_log_field fields[] = {
        {"address", c->peer.address}, {"reason", reasons[c->end_reason]}, {"in", in}, {"out", out}};
    log_line(&c->log, conn_log_ids(c), SALLY_LOG_INFO, "connection.closed", fields,
             COUNT_OF(fields), "Connection ended: %s", c->end_detail);
    conn_hooks_end_problem(c);
    conn_hooks_disconnected(c);
}

/* A shutdown does not wait longer than its grace period. */
static uint64_t drain_end(const struct conn *c)
{
    uint64_t end = loop_now_ns() + c->settings->limits.stall_ns;
    if (c->loop->loop.is_draining && c->loop->loop.grace_end_ns < end)
        end = c->loop->loop.grace_end_ns;
    return end ? end : 1;
}

void conn_end(struct conn *c, uint32_t reason, const char *detail)
{
    if (conn_is_ended(c))
        return;
    conn_set_stage(c, CONN_LINGERING);
    hook_question_void(c);
    if (c->end_reason == 0) {
        c->end_reason = reason;
        c->end_detail = detail;
    }
    registry_remove(&c->server->registry, c);
    conn_penalty_ended(c);
    announce_end(c);
    c->end_detail = ""; /* it may be the engine's */
    struct line *line = c->line;
    c->line = NULL;
    if (line)
        line->methods->free(line);
    login_stop_keeping(c);
    conn_sessions_settle_all(c);
    bool linger = c->socket.has_poll && !c->socket.has_eof && !c->socket.is_broken &&
                  c->end_reason == SALLY_END_BY_SERVER && c->stream.methods->end_output(&c->stream);
    if (!linger) {
        /* Received data is still written, but not forever. */
        if (conn_sessions_are_draining(c))
            c->drain_end_ns = drain_end(c);
        conn_close_socket(c);
        return;
    }
    /* A socket that is closed while the peer still sends is reset, and the peer may never read why
     * it was disconnected. */
    loop_member_set_deadline(&c->member, loop_now_ns() + LINGER_NS);
    conn_make_ready(c);
}

static void on_poll_closed(uv_handle_t *handle)
{
    conn_unpin(handle->data);
}

void conn_close_socket(struct conn *c)
{
    conn_set_stage(c, CONN_CLOSED);
    loop_member_set_deadline(&c->member, c->drain_end_ns ? c->drain_end_ns : DEADLINE_NONE);
    if (c->socket.has_poll) {
        c->socket.has_poll = false;
        uv_close((uv_handle_t *)&c->socket.poll,
                 on_poll_closed); /* takes the descriptor out of the backend at once */
    }
    release_place(c);
    conn_unpin(c);
}

void conn_disconnect(struct conn *c, uint32_t reason, const char *text)
{
    if (c->awaits_admission)
        conn_stop_awaiting(c, "disconnected");
    if (!c->line || c->line->methods->is_over(c->line))
        return;
    if (c->end_reason == 0)
        c->end_reason = reason;
    c->line->methods->disconnect(c->line, text);
    conn_make_ready(c);
}

void conn_set_stage(struct conn *c, enum conn_stage stage)
{
    if (stage > atomic_load_explicit(&c->stage, memory_order_relaxed))
        atomic_store_explicit(&c->stage, stage, memory_order_relaxed);
}

bool conn_is_ended(const struct conn *c)
{
    return atomic_load_explicit(&c->stage, memory_order_relaxed) >= CONN_LINGERING;
}

bool conn_is_idle(const struct conn *c)
{
    if (!c->line || !c->is_logged_in)
        return true;
    return conn_sessions_are_idle(c) && c->line->methods->output(c->line).size == 0;
}

static void conn_drain(struct loop_member *m, bool now)
{
    struct conn *c = CONTAINER_OF(m, struct conn, member);
    if (now || conn_is_idle(c))
        conn_disconnect(c, SALLY_END_BY_SERVER, "server is shutting down");
    if (now && conn_is_ended(c))
        conn_sessions_give_up(c);
}

/* ---- Events from lines ---- */

void conn_logged_in(struct conn *c)
{
    c->is_logged_in = true;
    conn_penalty_logged_in(c);
    loop_member_set_owner(&c->member, c->login.usage);
    limits_logged_in(&c->server->limits, c->address_usage);
    counter_sub(&c->server->counters.connections_unauthenticated_now, 1);
    counter_add(&c->server->counters.logins, 1);
    conn_set_stage(c, CONN_OPEN);
}

void conn_line_ended(struct conn *c, uint32_t reason, const char *detail)
{
    if (c->end_reason == 0)
        c->end_reason = reason;
    c->end_detail = detail;
    conn_set_stage(c, CONN_CLOSING);
    hook_question_void(c);
}
