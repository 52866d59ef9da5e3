/* Making listening sockets from URLs. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/listener.h"
#include "server/loops.h"
#include "server/server.h"

/* A port that is free in one family may be taken in the other: how often another one is tried. */
#define PORT_TRIES 16

static sally_error no_memory(sally_server *server)
{
    return server_fail(server, SALLY_E_NO_MEMORY, "cannot listen: out of memory");
}

/* The address that the socket has, as a URL that lives as long as the server. */
static const char *url_of(sally_listener *l, int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    char url[LISTENER_URL_SIZE];
    struct address address = {0};
    memset(&name, 0, sizeof name);
    snprintf(url, sizeof url, "%s://", l->protocol->name);
    if (getsockname(fd, (struct sockaddr *)&name, &size) == 0)
        address_of(&address, (struct sockaddr *)&name, size);
    if (address.text[0])
        listener_url_print(url, l->protocol, &address);
    l->port = address.port;
    return server_keep_url(l->server, url);
}

static void tell_started(const sally_listener *l)
{
    for (size_t i = 0; i < l->url_count; i++) {
        sally_log_field field = {"listener", l->urls[i]};
        struct log_ids none = {0, 0, 0};
        log_line(&l->server->log, none, SALLY_LOG_INFO, "listener.started", &field, 1, "Listening");
    }
}

/* Checks that connections can begin with its settings. Under the server's lock. */
static sally_error check(sally_listener *l, char why[SETTINGS_WHY_SIZE])
{
    if (l->server->is_draining) {
        snprintf(why, SETTINGS_WHY_SIZE, "the server takes no more connections");
        return SALLY_E_STATE;
    }
    return service_source_check(l->server, &l->service, l->server->settings, why);
}

/* Adds all of them to the listener or, on failure, none: the sockets then remain the caller's. */
static sally_error add(sally_listener *l, const int fds[], size_t count, bool is_inherited)
{
    sally_server *server = l->server;
    struct list made, *item;
    char why[SETTINGS_WHY_SIZE];
    list_init(&made);
    sally_error error = SALLY_E_OK;
    for (size_t i = 0; i < count && !error; i++) {
        struct acceptor *a = acceptor_new(l, fds[i], is_inherited);
        if (a)
            list_append(&made, &a->link);
        if (a)
            a->url = url_of(l, fds[i]);
        if (!a || !a->url)
            error = no_memory(server);
        else
            l->urls[l->url_count++] = a->url;
    }
    if (!error) {
        pthread_mutex_lock(&server->lock);
        error = check(l, why);
        while (!error && (item = list_pop_first(&made)) != NULL) {
            list_append(&server->acceptors, item);
            if (server->state == SERVER_STARTED || server->state == SERVER_PUMPED)
                acceptor_start(CONTAINER_OF(item, struct acceptor, link), &server->loops[0]->loop);
        }
        pthread_mutex_unlock(&server->lock);
        if (error)
            (void)server_fail(server, error, "cannot listen: %s", why);
    }
    LIST_EACH (left, &made)
        CONTAINER_OF(left, struct acceptor, link)->fd = -1;
    acceptors_free(&made);
    if (!error)
        tell_started(l);
    return error;
}

static void describe(char *out, size_t size, const struct addrinfo *info)
{
    struct address address;
    address_of(&address, info->ai_addr, info->ai_addrlen);
    bool v6 = info->ai_family == AF_INET6;
    snprintf(out, size, "%s%s%s:%u", v6 ? "[" : "", address.text, v6 ? "]" : "",
             (unsigned)address.port);
}

/* The socket, or the negative errno. */
static int listen_on(const struct addrinfo *info, int backlog)
{
    int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (info->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, backlog) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

static uint16_t port_of_socket(int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    struct address address = {0};
    memset(&name, 0, sizeof name);
    if (getsockname(fd, (struct sockaddr *)&name, &size) == 0)
        address_of(&address, (struct sockaddr *)&name, size);
    return address.port;
}

static void set_port(struct addrinfo *info, uint16_t port)
{
    if (info->ai_family == AF_INET)
        ((struct sockaddr_in *)(void *)info->ai_addr)->sin_port = htons(port);
    else if (info->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)info->ai_addr)->sin6_port = htons(port);
}

static bool is_missing_family(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL || error == EPROTONOSUPPORT;
}

/* A name may stand for the same address twice, as "localhost" does where both families' entries in
 * /etc/hosts have it. */
static bool came_before(const struct addrinfo *infos, const struct addrinfo *info)
{
    for (; infos != info; infos = infos->ai_next)
        if (infos->ai_addrlen == info->ai_addrlen &&
            memcmp(infos->ai_addr, info->ai_addr, info->ai_addrlen) == 0)
            return true;
    return false;
}

/* All addresses at one port. Returns how many sockets, or the negative errno with *failed. For a
 * wildcard, a missing address family is not a failure. */
static int open_all(struct addrinfo *infos, uint16_t port, bool wildcard, int backlog,
                    int fds[LISTENER_SOCKETS], struct addrinfo **failed)
{
    int count = 0, error = 0;
    for (struct addrinfo *info = infos; info && count < LISTENER_SOCKETS; info = info->ai_next) {
        set_port(info, port);
        if (came_before(infos, info))
            continue;
        int fd = listen_on(info, backlog);
        if (fd >= 0) {
            fds[count++] = fd;
            if (port == 0)
                set_port(info, port = port_of_socket(fd));
            continue;
        }
        error = -fd;
        *failed = info;
        if (!wildcard || !is_missing_family(error))
            break;
        error = count > 0 || info->ai_next ? 0 : error;
    }
    if (error == 0 && count > 0)
        return count;
    while (count > 0)
        close(fds[--count]);
    return -(error ? error : EADDRNOTAVAIL);
}

static sally_error open_infos(sally_listener *l, struct addrinfo *infos,
                              const struct listener_url *url)
{
    sally_server *server = l->server;
    int fds[LISTENER_SOCKETS], count = -1;
    struct addrinfo *failed = infos;
    struct settings *settings = server_settings(server);
    int backlog = (int)settings->server.backlog;
    settings_unref(settings);
    for (int i = 0; i < PORT_TRIES; i++) {
        count = open_all(infos, url->port, url->host[0] == '\0', backlog, fds, &failed);
        if (count != -EADDRINUSE || url->port != 0)
            break;
    }
    if (count < 0) {
        char text[ADDRESS_TEXT_SIZE + 16];
        describe(text, sizeof text, failed);
        return server_fail(server, SALLY_E_ADDRESS, "cannot listen on %s: %s", text,
                           strerror(-count));
    }
    sally_error error = add(l, fds, (size_t)count, false);
    for (int i = 0; i < count && error; i++)
        close(fds[i]);
    return error;
}

static bool is_listening_stream(int fd)
{
    int type = 0, listening = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return false;
    size = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

static sally_error inherit(sally_listener *l, int fd, const char *text)
{
    sally_server *server = l->server;
    if (!is_listening_stream(fd))
        return server_fail(server, SALLY_E_ADDRESS,
                           "cannot listen on %s: descriptor %d is not a listening socket", text,
                           fd);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return server_fail(server, SALLY_E_SYSTEM, "cannot listen on %s: %s", text,
                           strerror(errno));
    return add(l, &fd, 1, true);
}

sally_error listener_open(sally_listener *l, const struct listener_url *url, const char *text)
{
    sally_server *server = l->server;
    if (url->fd >= 0)
        return inherit(l, url->fd, text);
    struct addrinfo wanted = {.ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_ADDRCONFIG};
    if (url->host[0] == '\0')
        wanted.ai_flags &= ~AI_ADDRCONFIG; /* the wildcards of both families */
    struct addrinfo *infos = NULL;
    int failed = getaddrinfo(url->host[0] ? url->host : NULL, "0", &wanted, &infos);
    if (failed == EAI_ADDRFAMILY || failed == EAI_NONAME) {
        /* A loopback address counts as none where no other is configured. */
        wanted.ai_flags &= ~AI_ADDRCONFIG;
        failed = getaddrinfo(url->host[0] ? url->host : NULL, "0", &wanted, &infos);
    }
    if (failed)
        return server_fail(server, SALLY_E_ADDRESS, "cannot listen on %s: %s", text,
                           failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
    sally_error error = open_infos(l, infos, url);
    freeaddrinfo(infos);
    return error;
}
