#include "os/copy.h"

#include <errno.h>
#include <unistd.h>

ssize_t os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size)
{
    loff_t in = (loff_t)from_offset, out = (loff_t)to_offset;
    ssize_t done;
    do
        done = copy_file_range(from, &in, to, &out, size, 0);
    while (done < 0 && errno == EINTR);
    if (done < 0 && (errno == EXDEV || errno == ENOSYS || errno == EINVAL || errno == EPERM))
        errno = EOPNOTSUPP;
    return done;
}
