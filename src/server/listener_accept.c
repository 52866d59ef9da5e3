/* Accepting connections. */
#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/conn.h"
#include "server/loops.h"
#include "server/server.h"

/* Connections taken before the loop looks after those it has. */
#define ACCEPT_AT_ONCE 64
#define PAUSE_MS       100
#define COMPLAIN_NS    UINT64_C(10000000000)

static void on_poll(uv_poll_t *poll, int status, int events);

static void resume(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    uv_poll_start(&l->poll, UV_READABLE, on_poll);
}

/* Out of descriptors or memory. The one held in reserve lets us turn a client away rather than have
 * it wait, and spin ourselves; without it, a pause lets others close theirs. */
static void shed(struct listener *l, int error)
{
    sally_server *server = l->server;
    uint64_t now = loop_now_ns();
    if (l->complained_ns == 0 || now - l->complained_ns > COMPLAIN_NS) {
        l->complained_ns = now;
        sally_log_field field = {"listener", l->url};
        struct log_ids none = {0, 0, 0};
        log_line(&server->log, none, SALLY_LOG_WARNING, "listener.exhausted", &field, 1,
                 "Cannot accept connections: %s", strerror(error));
    }
    if (server->reserve_fd >= 0) {
        close(server->reserve_fd);
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            close(fd);
            counter_add(&server->counters.connections_refused, 1);
        }
        server->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && server->reserve_fd >= 0)
            return;
    }
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->pause, resume, PAUSE_MS, 0);
}

static void admit(struct listener *l, int fd, const struct ip_address *ip)
{
    sally_server *server = l->server;
    const char *limit;
    if (conn_penalty_refuses(server, &l->service, l->protocol, ip)) {
        close(fd);
        return;
    }
    struct conn *c = conn_new(server, fd, l, l->protocol, &limit);
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

/* Out of something, or the socket itself does not listen any more, as one that was handed over may
 * at any time: to try again at once would only spin. */
static bool is_lasting(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EINVAL || error == EBADF || error == ENOTSOCK || error == EOPNOTSUPP;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct listener *l = poll->data;
    for (int i = 0; i < ACCEPT_AT_ONCE && l->fd >= 0; i++) {
        struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
        socklen_t size = sizeof peer;
        int fd = accept4(l->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            struct ip_address ip = address_ip((struct sockaddr *)&peer, size);
            admit(l, fd, &ip);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (is_lasting(errno)) {
            shed(l, errno);
            return;
        }
        /* The connection is gone before it came (accept(2) lists the errors): on to the next one.
         */
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    if (--l->handles == 0)
        loop_leave(&l->member);
}

static void drain(struct loop_member *m, bool now)
{
    (void)now;
    listener_close(CONTAINER_OF(m, struct listener, member));
}

static void start_polling(struct task *task)
{
    struct listener *l = CONTAINER_OF(task, struct listener, task);
    if (l->fd < 0 || task->loop->is_draining)
        return;
    (void)loop_join(task->loop, &l->member); /* it has no deadline: that cannot fail */
    uv_timer_init(&task->loop->uv, &l->pause);
    l->pause.data = l;
    l->handles = 1;
    if (uv_poll_init(&task->loop->uv, &l->poll, l->fd) == 0) {
        l->poll.data = l;
        l->handles = 2;
        l->is_polled = true;
        uv_poll_start(&l->poll, UV_READABLE, on_poll);
        task->loop->watchers_changed = true;
    } else {
        uv_close((uv_handle_t *)&l->pause, on_handle_closed);
    }
}

void listener_start(struct listener *l, struct loop *loop)
{
    static const struct loop_member_methods methods = {.drain = drain};
    loop_member_init(&l->member, &methods);
    l->task = (struct task){.loop = loop, .home = start_polling};
    list_init(&l->task.link);
    loop_give_task(&l->task);
}

void listener_close(struct listener *l)
{
    if (l->is_polled) {
        l->is_polled = false;
        uv_close((uv_handle_t *)&l->poll, on_handle_closed);
        uv_close((uv_handle_t *)&l->pause, on_handle_closed);
        l->task.loop->watchers_changed = true;
    }
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

/* The list only grows while the server lives, and nothing is called back under the lock. */
void listeners_close(sally_server *server)
{
    pthread_mutex_lock(&server->lock);
    LIST_EACH (item, &server->listeners)
        listener_close(CONTAINER_OF(item, struct listener, link));
    pthread_mutex_unlock(&server->lock);
}

void listener_free(struct listener *l)
{
    listener_close(l);
    service_source_clear(&l->service);
    mem_free(l->url);
    mem_free(l);
}
