#include "server/conn_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "server/conn.h"
#include "server/loops.h"
#include "server/server.h"

#define SUM_S UINT64_C(10)
#define NS    UINT64_C(1000000000)

/* ---- Sums ---- */

static void tell(sally_server *server, const struct log_sum *sum, const char *seconds)
{
    char lines[24], addresses[24];
    snprintf(lines, sizeof lines, "%" PRIu64, sum->lines);
    snprintf(addresses, sizeof addresses, "%" PRIu64, sum->addresses);
    const sally_log_field fields[] = {
        *sum->network ? (sally_log_field){"address", sum->network}
                      : (sally_log_field){"addresses", addresses},
        {"lines", lines},
        {"seconds", seconds},
    };
    struct log_ids none = {0, 0, 0};
    log_line(&server->log, none, SALLY_LOG_INFO, "log.suppressed", fields, COUNT_OF(fields),
             "Log lines about clients that have not logged in were dropped");
}

void conn_log_tell(sally_server *server)
{
    struct conn_log *log = &server->conn_log;
    struct log_sum sums[LOG_SUMS];
    uint64_t since, now = loop_now_ns();
    char seconds[24];
    pthread_mutex_lock(&server->log_lock);
    size_t count = log_limit_pop_sums(&log->limit, sums, &since);
    log->is_due = false;
    pthread_mutex_unlock(&server->log_lock);
    snprintf(seconds, sizeof seconds, "%" PRIu64, count ? (now - since + NS - 1) / NS : 0);
    for (size_t i = 0; i < count; i++)
        tell(server, &sums[i], seconds);
}

static void due(struct loop_member *m)
{
    conn_log_tell(server_loop_of(m->loop)->server);
}

static void drain(struct loop_member *m, bool now)
{
    (void)now;
    loop_leave(m); /* the last sums are logged when the server has ended */
}

bool conn_log_join(struct conn_log *log, struct loop *loop)
{
    static const struct loop_member_methods methods = {.due = due, .drain = drain};
    loop_member_init(&log->member, &methods);
    return loop_join(loop, &log->member);
}

static void set_deadline(struct task *task)
{
    struct conn_log *log = CONTAINER_OF(task, struct conn_log, task);
    loop_member_set_deadline(&log->member, loop_now_ns() + SUM_S * NS);
}

/* Under the log's lock. */
static void tell_later(sally_server *server)
{
    struct conn_log *log = &server->conn_log;
    if (log->is_due)
        return;
    log->is_due = true;
    log->task = (struct task){.loop = &server->loops[0]->loop, .home = set_deadline};
    list_init(&log->task.link);
    loop_give_task(&log->task);
}

/* ---- Lines ---- */

static size_t size_of(const sally_log_line *line)
{
    size_t size = strlen(line->message);
    for (uint32_t i = 0; i < line->field_count; i++)
        size += line->fields[i].value ? strlen(line->fields[i].value) : 0;
    return size;
}

static bool is_allowed(const struct conn_log_peer *who, bool has_loops, const sally_log_line *line)
{
    sally_server *server = who->server;
    const struct log_rates rates = {who->settings->limits.log_lines_per_address,
                                    who->settings->limits.log_lines};
    char network[ADDRESS_TEXT_SIZE];
    address_network(network, &who->ip);
    pthread_mutex_lock(&server->log_lock);
    bool allowed =
        log_limit_allows(&server->conn_log.limit, &rates, network, size_of(line), loop_now_ns());
    if (!allowed && has_loops)
        tell_later(server);
    pthread_mutex_unlock(&server->log_lock);
    return allowed;
}

static bool is_allowed_of(const struct conn *c, const sally_log_line *line)
{
    const struct conn_log_peer who = {c->server, c->settings, c->ip};
    bool has_loops = c->loop || c->listener; /* if the program adopts it early, there are none */
    return is_allowed(&who, has_loops, line);
}

/* The server's own errors are never dropped; nor is anything without settings, which only happens
 * when memory is short. */
static void write_line(void *user_data, const sally_log_line *line)
{
    struct conn *c = user_data;
    const struct log_sink *log = &c->server->log;
    if (c->is_logged_in || line->level == SALLY_LOG_ERROR || !c->settings || is_allowed_of(c, line))
        log->write(log->user_data, line);
}

void conn_log_init(struct conn *c)
{
    c->log = c->server->log;
    c->log.user_data = c;
    if (c->log.write)
        c->log.write = write_line;
}

static void write_line_of_peer(void *user_data, const sally_log_line *line)
{
    const struct conn_log_peer *who = user_data;
    const struct log_sink *log = &who->server->log;
    if (!who->settings || is_allowed(who, true, line))
        log->write(log->user_data, line);
}

void conn_log_init_peer(struct log_sink *sink, const struct conn_log_peer *peer)
{
    *sink = peer->server->log;
    sink->user_data = (void *)(uintptr_t)peer;
    if (sink->write)
        sink->write = write_line_of_peer;
}
