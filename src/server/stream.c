#include "server/stream.h"

#include <errno.h>
#include <sys/socket.h>

static enum stream_state failure(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK ? STREAM_AGAIN : STREAM_BROKEN;
}

static enum stream_state plain_receive(struct stream *s, uint8_t *room, size_t size, size_t *moved)
{
    ssize_t got;
    do
        got = recv(s->fd, room, size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return failure(errno);
    *moved = (size_t)got;
    return got == 0 ? STREAM_EOF : STREAM_OK;
}

static enum stream_state plain_send(struct stream *s, const uint8_t *data, size_t size,
                                    size_t *moved)
{
    ssize_t sent;
    do
        sent = send(s->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return failure(errno);
    *moved = (size_t)sent;
    return STREAM_OK;
}

static bool plain_end_output(struct stream *s)
{
    return shutdown(s->fd, SHUT_WR) == 0;
}

static bool plain_has_pending(const struct stream *s)
{
    (void)s;
    return false;
}

struct stream stream_plain(int fd)
{
    static const struct stream_methods methods = {plain_receive, plain_send, plain_end_output,
                                                  plain_has_pending};
    return (struct stream){&methods, fd};
}
