#include "server/incoming_socket.h"

#include <unistd.h>

#include "base/mem.h"
#include "server/address.h"
#include "server/conn.h"
#include "server/listener.h"
#include "server/loops.h"
#include "server/server.h"

const struct ip_address *incoming_socket_client(const struct incoming_socket *a)
{
    return a->header.has_addresses ? &a->header.client.ip : &a->ip;
}

void incoming_socket_admit(const struct incoming_socket *a)
{
    sally_server *server = a->server;
    const char *limit;
    if (conn_penalty_refuses(server, &a->listener->service, a->protocol,
                             incoming_socket_client(a))) {
        close(a->fd);
        return;
    }
    struct conn *c = conn_new(a, &limit);
    if (!c)
        return;
    pthread_mutex_lock(&server->lock);
    struct server_loop *loop = loops_pick(server);
    if (loop)
        conn_launch(c, loop);
    pthread_mutex_unlock(&server->lock);
    if (!loop)
        conn_discard(c);
}

void incoming_socket_refuse(const struct incoming_socket *a, const struct settings *settings,
                            uint32_t level, const char *why)
{
    const struct conn_log_peer peer = {a->server, settings, a->ip};
    struct log_sink log;
    struct log_ids none = {0, 0, 0};
    char address[IP_TEXT_SIZE];
    close(a->fd);
    counter_add(&a->server->counters.connections_refused, 1);
    ip_print(&a->ip, address);
    sally_log_field fields[] = {{"address", address}, {"listener", a->url}, {"reason", why}};
    conn_log_init_peer(&log, &peer);
    log_line(&log, none, level, "connection.refused", fields, COUNT_OF(fields),
             "Connection refused");
}
