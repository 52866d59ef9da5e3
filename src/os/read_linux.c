#include "os/read.h"

#include <errno.h>
#include <sys/uio.h>

ssize_t os_read_cached(int fd, void *data, size_t size, uint64_t offset)
{
    struct iovec part = {data, size};
    ssize_t got = preadv2(fd, &part, 1, (off_t)offset, RWF_NOWAIT);
    if (got < 0 && (errno == ENOSYS || errno == EINVAL))
        errno = EOPNOTSUPP;
    else if (got < 0 && errno == EINTR)
        errno = EAGAIN;
    return got;
}
