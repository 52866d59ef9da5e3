/* The public calls about listeners, and sockets from elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/conn.h"
#include "server/listener.h"
#include "server/loops.h"
#include "server/server.h"

/* sd_listen_fds(3) */
#define SYSTEMD_FIRST_FD 3
#define SYSTEMD_MAX_FDS  1000

sally_error sally_server_add_listener(sally_server *server, const char *url)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!url)
        return server_fail(server, SALLY_E_INVALID,
                           "cannot listen: the URL is NULL; give one such as sftp://:2222");
    struct listener_url parsed;
    char why[LISTENER_WHY_SIZE];
    sally_error error = listener_url_parse(&parsed, url, why);
    if (error)
        return server_fail(server, error, "cannot listen on \"%.256s\": %s", url, why);
    return listeners_open(server, &parsed, url);
}

/* A whole number from the environment; -1: not there, or none. */
static long number_in_environment(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    return *end == '\0' && errno == 0 ? number : -1;
}

sally_error sally_server_add_systemd_listeners(sally_server *server)
{
    if (!server)
        return SALLY_E_INVALID;
    long count = number_in_environment("LISTEN_FDS");
    if (number_in_environment("LISTEN_PID") != (long)getpid() || count <= 0)
        return 0;
    if (count > SYSTEMD_MAX_FDS)
        return server_fail(server, SALLY_E_RANGE,
                           "LISTEN_FDS is %ld: at most %d sockets are supported", count,
                           SYSTEMD_MAX_FDS);
    for (int i = 0; i < (int)count; i++) {
        char url[32];
        snprintf(url, sizeof url, "sftp+fd://%d", SYSTEMD_FIRST_FD + i);
        sally_error error = listener_adopt(server, SYSTEMD_FIRST_FD + i, &protocol_sftp, url);
        if (error)
            return error;
    }
    return (sally_error)count;
}

const char *sally_server_listener(const sally_server *server, size_t index)
{
    if (!server)
        return NULL;
    sally_server *s = (sally_server *)(uintptr_t)server;
    const char *url = NULL;
    pthread_mutex_lock(&s->lock);
    size_t i = 0;
    LIST_EACH (item, &s->listeners)
        if (i++ == index)
            url = CONTAINER_OF(item, struct listener, link)->url;
    pthread_mutex_unlock(&s->lock);
    return url;
}

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
                           "cannot adopt the socket: its peer's address is refused for "
                           "now (limits.penalty_min)");
    }
    const char *limit;
    struct conn *c = conn_new(server, fd, NULL, p, &limit);
    if (!c && limit)
        return server_fail(server, SALLY_E_LIMIT,
                           "cannot adopt the socket: %s leaves no room for its connection", limit);
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
