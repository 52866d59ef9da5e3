#include "common/write_all.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

static bool has_room(int fd, int patience_ms)
{
    struct pollfd out = {.fd = fd, .events = POLLOUT};
    int got;
    do {
        got = poll(&out, 1, patience_ms);
    } while (got < 0 && errno == EINTR);
    return got > 0;
}

bool write_all(int fd, const char *data, size_t size, int patience_ms)
{
    /* A writable pipe accepts this much without blocking. */
    size_t most = patience_ms < 0 ? size : PIPE_BUF;
    while (size) {
        if (patience_ms >= 0 && !has_room(fd, patience_ms))
            return false;
        ssize_t n = write(fd, data, size < most ? size : most);
        if (n >= 0) {
            data += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!has_room(fd, patience_ms))
                return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}
