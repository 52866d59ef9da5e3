/* Connected sockets from elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/conn.h"
#include "server/incoming_socket.h"
#include "server/loops.h"
#include "server/server.h"

static bool is_refused(sally_server *server, int fd, const struct protocol *protocol)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0)
        return false;
    struct ip_address ip = address_ip((struct sockaddr *)&peer, size);
    return conn_penalty_refuses(server, &server->adopted, protocol, &ip);
}

sally_error sally_server_adopt(sally_server *server, int fd, const char *protocol,
                               uint64_t *connection_id)
{
    if (!server)
        return SALLY_E_INVALID;
    if (fd < 0)
        return server_fail(server, SALLY_E_INVALID,
                           "cannot adopt the socket: %d is not a file descriptor", fd);
    const struct protocol *p = protocol ? protocol_find(protocol, strlen(protocol)) : NULL;
    if (!p) {
        close(fd);
        return server_fail(server, SALLY_E_UNSUPPORTED,
                           "cannot adopt the socket: the protocol must be \"sftp\"");
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        sally_error error =
            server_fail(server, SALLY_E_SYSTEM, "cannot adopt the socket: %s", strerror(errno));
        close(fd);
        return error;
    }
    if (is_refused(server, fd, p)) {
        close(fd);
        return server_fail(server, SALLY_E_LIMIT,
                           "cannot adopt the socket: its peer's address is currently refused "
                           "(limits.penalty_min)");
    }
    const char *limit;
    const struct incoming_socket incoming = {.server = server, .url = "", .protocol = p, .fd = fd};
    struct conn *c = conn_new(&incoming, &limit);
    if (!c && limit)
        return server_fail(server, SALLY_E_LIMIT, "cannot adopt the socket: %s is reached", limit);
    if (!c)
        return server_fail(server, SALLY_E_NO_MEMORY, "cannot adopt the socket: %s",
                           sally_strerror(SALLY_E_NO_MEMORY));
    uint64_t id = c->peer.connection_id;
    pthread_mutex_lock(&server->lock);
    struct server_loop *loop = loops_pick(server);
    bool early = server->state == SERVER_NEW && !server->is_draining;
    if (loop)
        conn_launch(c, loop);
    else if (early)
        list_append(&server->early, &c->link);
    pthread_mutex_unlock(&server->lock);
    if (!loop && !early) {
        conn_discard(c);
        return server_fail(server, SALLY_E_CLOSED, "cannot adopt the socket: the server has ended");
    }
    if (connection_id)
        *connection_id = id;
    return SALLY_E_OK;
}
