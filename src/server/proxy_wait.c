#include "server/proxy_wait.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "base/number.h"
#include "loop/loop.h"
#include "server/listener.h"
#include "server/proxy_peers.h"
#include "server/server.h"

/* If headers are optional, silence may mean a client that waits for the server, or a header still
 * to come. A proxy sends it at once. */
#define SILENCE_NS UINT64_C(1000000000)

struct proxy_wait {
    struct loop_member member;
    uv_poll_t poll;
    struct incoming_socket incoming; /* its listener is held */
    struct settings *settings;       /* held */
    struct address_usage *address;   /* held: the proxy's, where it is counted; NULL: it has none */
    uint8_t *begun; /* what has come of a header that came in pieces; NULL: nothing */
    size_t size;    /* of that */
    uint64_t end_ns;
    bool is_over; /* the socket has been passed on; the handle is closing */
};

static bool is_optional(const struct proxy_wait *w)
{
    return proxy_mode_of(w->settings) == PROXY_OPTIONAL;
}

/* ---- The end, one way or another ---- */

static void free_wait(struct proxy_wait *w)
{
    listener_unref(w->incoming.listener);
    settings_unref(w->settings);
    mem_free(w->begun);
    mem_free(w);
}

static void on_closed(uv_handle_t *handle)
{
    struct proxy_wait *w = handle->data;
    loop_leave(&w->member);
    free_wait(w);
}

/* Afterwards the socket is the caller's. */
static void stop(struct proxy_wait *w)
{
    w->is_over = true;
    loop_member_set_deadline(&w->member, DEADLINE_NONE);
    limits_have_header(&w->incoming.server->limits, w->address);
    w->member.loop->watchers_changed = true;
    uv_close((uv_handle_t *)&w->poll, on_closed);
}

static void admit(struct proxy_wait *w)
{
    stop(w);
    incoming_socket_admit(&w->incoming);
}

static void refuse(struct proxy_wait *w, const char *why)
{
    stop(w);
    incoming_socket_refuse(&w->incoming, w->settings, SALLY_LOG_WARNING, why);
}

static void hang_up(struct proxy_wait *w)
{
    stop(w);
    close(w->incoming.fd);
}

/* ---- Reading ---- */

/* Takes bytes off the socket that are known to be there. */
static bool consume(int fd, uint8_t *room, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, room, size, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        room += got;
        size -= (size_t)got;
    }
    return true;
}

/* The bytes of an incomplete header are taken, or the poll would report them again and again. */
static bool keep(struct proxy_wait *w, size_t more)
{
    uint8_t *larger = mem_resize(w->begun, w->size + more, 1);
    if (!larger)
        return false;
    w->begun = larger;
    w->size += more;
    return consume(w->incoming.fd, larger + w->size - more, more);
}

static void have_none(struct proxy_wait *w)
{
    if (w->size > 0)
        refuse(w, "malformed PROXY header");
    else if (is_optional(w))
        admit(w);
    else
        refuse(w, "no PROXY header, which server.proxy_protocol requires");
}

static void have_whole(struct proxy_wait *w, uint8_t *seen)
{
    if (consume(w->incoming.fd, seen, w->incoming.header.size - w->size))
        admit(w);
    else
        hang_up(w);
}

/* A health check opens a connection and closes it: that is not worth a log line. */
static void have_end(struct proxy_wait *w)
{
    if (w->size > 0)
        refuse(w, "closed before the end of the PROXY header");
    else
        hang_up(w);
}

/* The bytes stay in the socket until they are known to be a header. Returns whether there may be
 * more of it. */
static bool look(struct proxy_wait *w)
{
    uint8_t seen[PROXY_HEADER_MAX];
    const char *why;
    ssize_t got;
    if (w->size)
        memcpy(seen, w->begun, w->size);
    do
        got = recv(w->incoming.fd, seen + w->size, sizeof seen - w->size, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (got <= 0) {
        have_end(w);
        return false;
    }
    const struct slice all = {seen, w->size + (size_t)got};
    switch (proxy_header_parse(all, &w->incoming.header, &why)) {
    case PROXY_HEADER_WHOLE:
        have_whole(w, seen);
        break;
    case PROXY_HEADER_INCOMPLETE:
        if (keep(w, (size_t)got))
            return true;
        refuse(w, "out of memory");
        break;
    case PROXY_HEADER_NONE:
        have_none(w);
        break;
    case PROXY_HEADER_INVALID:
        refuse(w, why);
        break;
    }
    return false;
}

static void read_header(struct proxy_wait *w)
{
    while (look(w))
        ;
}

/* ---- The member of the loop ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* recv() says what is wrong */
    (void)events;
    struct proxy_wait *w = poll->data;
    if (!w->is_over)
        read_header(w);
}

static void due(struct loop_member *m)
{
    struct proxy_wait *w = CONTAINER_OF(m, struct proxy_wait, member);
    if (w->is_over)
        return;
    read_header(w); /* it may have come at the last moment */
    if (w->is_over)
        return;
    if (is_optional(w) && w->size == 0)
        admit(w);
    else if (loop_now_ns() < w->end_ns)
        loop_member_set_deadline(m, w->end_ns);
    else
        refuse(w, "no PROXY header within limits.proxy_header_time");
}

static void drain(struct loop_member *m, bool now)
{
    (void)now;
    struct proxy_wait *w = CONTAINER_OF(m, struct proxy_wait, member);
    if (!w->is_over)
        hang_up(w);
}

/* Counts it, and has the loop watch its socket. NULL, or why that cannot be. */
static const char *begin(struct proxy_wait *w, struct loop *loop)
{
    static const struct loop_member_methods methods = {.due = due, .drain = drain};
    struct limits *limits = &w->incoming.server->limits;
    loop_member_init(&w->member, &methods);
    const char *refused = limits_await_header(limits, w->settings, &w->incoming.ip, &w->address);
    if (refused)
        return refused;
    if (!loop_join(loop, &w->member)) {
        refused = "out of memory";
    } else if (uv_poll_init(&loop->uv, &w->poll, w->incoming.fd) != 0) {
        loop_leave(&w->member);
        refused = "the socket cannot be watched";
    }
    if (refused)
        limits_have_header(limits, w->address);
    return refused;
}

void proxy_wait(const struct incoming_socket *incoming, struct settings *settings,
                struct loop *loop)
{
    struct proxy_wait *w = mem_zalloc(sizeof *w);
    if (!w) {
        incoming_socket_refuse(incoming, settings, SALLY_LOG_WARNING, "out of memory");
        return;
    }
    w->incoming = *incoming;
    listener_ref(incoming->listener);
    w->settings = settings_ref(settings);
    const char *refused = begin(w, loop);
    if (refused) {
        incoming_socket_refuse(incoming, settings, SALLY_LOG_INFO, refused);
        free_wait(w);
        return;
    }
    uint64_t now = loop_now_ns(), patience = settings->limits.proxy_header_ns;
    w->end_ns = now + patience;
    w->poll.data = w;
    uv_poll_start(&w->poll, UV_READABLE, on_poll);
    loop->watchers_changed = true;
    if (is_optional(w))
        patience = min_u64(patience, SILENCE_NS);
    loop_member_set_deadline(&w->member, now + patience);
    read_header(w); /* it is often here already */
}
