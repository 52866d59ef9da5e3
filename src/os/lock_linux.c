/* Open file description locks (Linux 3.15): unlike those of POSIX they conflict between the open
 * files of one process, and closing another descriptor of the file does not drop them. */
#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>

static struct flock describe(uint64_t offset, uint64_t length, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)offset};
    if (length <= (uint64_t)INT64_MAX - offset)
        lock.l_len = (off_t)length;
    return lock;
}

static short type_for(int fd, bool exclusive)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
        return F_RDLCK;
    if (flags >= 0 && (flags & O_ACCMODE) == O_WRONLY)
        return F_WRLCK;
    return exclusive ? F_WRLCK : F_RDLCK;
}

bool os_lock_range(int fd, uint64_t offset, uint64_t length, bool exclusive)
{
    struct flock lock = describe(offset, length, type_for(fd, exclusive));
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return true;
    return errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS || errno == EOVERFLOW;
}

void os_unlock_range(int fd, uint64_t offset, uint64_t length)
{
    struct flock lock = describe(offset, length, F_UNLCK);
    fcntl(fd, F_OFD_SETLK, &lock);
}
