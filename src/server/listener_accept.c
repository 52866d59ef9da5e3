/* Accepting connections. */
#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/incoming_socket.h"
#include "server/loops.h"
#include "server/proxy_peers.h"
#include "server/proxy_wait.h"
#include "server/server.h"

/* Connections accepted before the loop serves existing ones. */
#define ACCEPT_AT_ONCE 64
#define PAUSE_MS       100
#define COMPLAIN_NS    UINT64_C(10000000000)

static void on_poll(uv_poll_t *poll, int status, int events);

static void resume(uv_timer_t *timer)
{
    struct acceptor *a = timer->data;
    uv_poll_start(&a->poll, UV_READABLE, on_poll);
}

/* Out of descriptors or memory. The reserve descriptor lets us refuse a client rather than let it
 * wait and spin; without it, a pause lets other connections close. */
static void shed(struct acceptor *a, int error)
{
    sally_server *server = a->server;
    uint64_t now = loop_now_ns();
    if (a->complained_ns == 0 || now - a->complained_ns > COMPLAIN_NS) {
        a->complained_ns = now;
        sally_log_field field = {"listener", a->url};
        struct log_ids none = {0, 0, 0};
        log_line(&server->log, none, SALLY_LOG_WARNING, "listener.exhausted", &field, 1,
                 "Cannot accept connections: %s", strerror(error));
    }
    if (server->reserve_fd >= 0) {
        close(server->reserve_fd);
        int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            close(fd);
            counter_add(&server->counters.connections_refused, 1);
        }
        server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && server->reserve_fd >= 0)
            return;
    }
    uv_poll_stop(&a->poll);
    uv_timer_start(&a->pause, resume, PAUSE_MS, 0);
}

static void arrive(struct acceptor *a, int fd, const struct sockaddr *peer, socklen_t size)
{
    sally_listener *l = a->listener;
    struct incoming_socket incoming = {.server = a->server,
                                       .listener = l,
                                       .url = a->url,
                                       .protocol = l->protocol,
                                       .fd = fd,
                                       .ip = address_ip(peer, size)};
    struct service *service = service_get(a->server, &l->service, l->protocol);
    if (!service) { /* whether there must be a header is not known */
        incoming_socket_refuse(&incoming, NULL, SALLY_LOG_INFO, "out of memory");
        return;
    }
    enum proxy_mode mode = proxy_mode_of(service->settings);
    incoming.is_proxy = mode != PROXY_OFF && proxy_is_trusted(service->settings, &incoming.ip,
                                                              peer->sa_family == AF_UNIX);
    if (incoming.is_proxy)
        proxy_wait(&incoming, service->settings, a->start.loop);
    else if (mode == PROXY_REQUIRED)
        incoming_socket_refuse(&incoming, service->settings, SALLY_LOG_INFO,
                               "not listed in server.proxy_trusted");
    else
        incoming_socket_admit(&incoming);
    service_unref(service);
}

/* Out of something, or the socket no longer listens, which can happen at any time to an inherited
 * one: retrying at once would only spin. */
static bool is_lasting(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EINVAL || error == EBADF || error == ENOTSOCK || error == EOPNOTSUPP;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct acceptor *a = poll->data;
    for (int i = 0; i < ACCEPT_AT_ONCE && !atomic_load(&a->is_closed) && a->fd >= 0; i++) {
        struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
        socklen_t size = sizeof peer;
        int fd = accept4(a->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            arrive(a, fd, (struct sockaddr *)&peer, size);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (is_lasting(errno)) {
            if (!atomic_load(&a->is_closed))
                shed(a, errno);
            return;
        }
        /* The connection ended before it was accepted (accept(2) lists the errors): accept the next
         * one. */
    }
}

/* ---- Life ---- */

struct acceptor *acceptor_new(sally_listener *l, int fd, bool is_inherited)
{
    struct acceptor *a = mem_zalloc(sizeof *a);
    if (!a)
        return NULL;
    list_init(&a->link);
    a->server = l->server;
    a->listener = listener_ref(l);
    a->fd = fd;
    a->is_inherited = is_inherited;
    atomic_init(&a->is_closed, false);
    return a;
}

/* Under the server's lock, or while no other thread knows it. */
static void close_socket(struct acceptor *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

void acceptor_free(struct acceptor *a)
{
    close_socket(a);
    listener_unref(a->listener);
    mem_free(a);
}

void acceptors_free(struct list *acceptors)
{
    struct list *item;
    while ((item = list_pop_first(acceptors)) != NULL)
        acceptor_free(CONTAINER_OF(item, struct acceptor, link));
}

/* On the loop, which no longer uses it. */
static void retire(struct acceptor *a)
{
    pthread_mutex_lock(&a->server->lock);
    list_remove(&a->link);
    pthread_mutex_unlock(&a->server->lock);
    acceptor_free(a);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct acceptor *a = handle->data;
    if (--a->handles > 0)
        return;
    loop_leave(&a->member);
    if (a->is_stopped)
        retire(a);
}

/* On the loop. */
static void stop_polling(struct acceptor *a)
{
    /* Before the socket is closed: another thread may get its number at once, while libuv still
     * uses it with epoll. */
    if (a->is_polled) {
        a->is_polled = false;
        uv_close((uv_handle_t *)&a->poll, on_handle_closed);
        uv_close((uv_handle_t *)&a->pause, on_handle_closed);
        a->start.loop->watchers_changed = true;
    }
    pthread_mutex_lock(&a->server->lock);
    close_socket(a);
    pthread_mutex_unlock(&a->server->lock);
}

static void drain(struct loop_member *m, bool now)
{
    (void)now;
    stop_polling(CONTAINER_OF(m, struct acceptor, member));
}

static void start_polling(struct task *task)
{
    struct acceptor *a = CONTAINER_OF(task, struct acceptor, start);
    if (a->fd < 0 || task->loop->is_draining)
        return;
    (void)loop_join(task->loop, &a->member); /* it has no deadline: that cannot fail */
    uv_timer_init(&task->loop->uv, &a->pause);
    a->pause.data = a;
    a->handles = 1;
    if (uv_poll_init(&task->loop->uv, &a->poll, a->fd) == 0) {
        a->poll.data = a;
        a->handles = 2;
        a->is_polled = true;
        uv_poll_start(&a->poll, UV_READABLE, on_poll);
        task->loop->watchers_changed = true;
    } else {
        uv_close((uv_handle_t *)&a->pause, on_handle_closed);
    }
}

static void stop(struct task *task)
{
    struct acceptor *a = CONTAINER_OF(task, struct acceptor, stop);
    a->is_stopped = true;
    stop_polling(a);
    if (a->handles == 0)
        retire(a);
}

void acceptor_start(struct acceptor *a, struct loop *loop)
{
    static const struct loop_member_methods methods = {.drain = drain};
    loop_member_init(&a->member, &methods);
    a->start = (struct task){.loop = loop, .home = start_polling};
    list_init(&a->start.link);
    loop_give_task(&a->start);
}

/* The loop has it. After shutdown(2) the socket refuses connections, and the port is free for
 * another of our sockets. */
static void order_stop(struct acceptor *a)
{
    if (!a->is_inherited && a->fd >= 0)
        (void)shutdown(a->fd, SHUT_RDWR);
    a->stop = (struct task){.loop = a->start.loop, .home = stop};
    list_init(&a->stop.link);
    loop_give_task(&a->stop);
}

void acceptors_close(sally_server *server, const sally_listener *l, struct list *dead)
{
    struct list all, *item;
    list_init(&all);
    list_move_all(&all, &server->acceptors);
    while ((item = list_pop_first(&all)) != NULL) {
        struct acceptor *a = CONTAINER_OF(item, struct acceptor, link);
        if (l && a->listener != l) {
            list_append(&server->acceptors, item);
            continue;
        }
        bool has_loop = server->state == SERVER_STARTED || server->state == SERVER_PUMPED;
        atomic_store(&a->is_closed, true);
        list_append(has_loop ? &server->closed_acceptors : dead, item);
        if (has_loop)
            order_stop(a);
        else
            close_socket(a);
    }
}
