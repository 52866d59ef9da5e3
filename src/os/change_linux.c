/* The calls that take an O_PATH descriptor with AT_EMPTY_PATH are young (utimensat: Linux 5.8,
 * fchmodat2: 6.6). Before them there is /proc/self/fd, whose links lead to the very thing that is
 * open. */
#include "os/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#ifdef __alpha__
#define SYS_fchmodat2 562
#else
#define SYS_fchmodat2 452
#endif
#endif

#define SELF_FD_SIZE 40

static const char *self_fd(char out[SELF_FD_SIZE], int fd)
{
    snprintf(out, SELF_FD_SIZE, "/proc/self/fd/%d", fd);
    return out;
}

bool os_change_mode(int fd, mode_t mode)
{
    if (fchmod(fd, mode) == 0)
        return true;
    if (errno != EBADF) /* which O_PATH descriptors get */
        return false;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return false;
    if (S_ISLNK(st.st_mode)) {
        errno = EOPNOTSUPP;
        return false;
    }
    if (syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH) == 0)
        return true;
    if (errno != ENOSYS && errno != EINVAL && errno != EPERM)
        return false;
    int error = errno;
    char name[SELF_FD_SIZE];
    if (chmod(self_fd(name, fd), mode) == 0)
        return true;
    if (errno == ENOENT || errno == ENOTDIR) /* no /proc here */
        errno = error;
    return false;
}

bool os_change_owner(int fd, uid_t uid, gid_t gid)
{
    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0;
}

bool os_change_times(int fd, const struct timespec times[2])
{
    if (utimensat(fd, "", times, AT_EMPTY_PATH) == 0)
        return true;
    if (errno != EINVAL && errno != ENOENT)
        return false;
    if (futimens(fd, times) == 0)
        return true;
    if (errno != EBADF)
        return false;
    char name[SELF_FD_SIZE];
    return utimensat(AT_FDCWD, self_fd(name, fd), times, 0) == 0;
}
