/* The f*xattr calls refuse O_PATH descriptors; /proc/self/fd leads to the very thing that is open,
 * also to a symbolic link itself. */
#include "os/xattr.h"

#include <errno.h>
#include <stdio.h>
#include <sys/xattr.h>

#define SELF_FD_SIZE 40

static const char *self_fd(char out[SELF_FD_SIZE], int fd)
{
    snprintf(out, SELF_FD_SIZE, "/proc/self/fd/%d", fd);
    return out;
}

ssize_t os_xattr_get(int fd, const char *name, void *value, size_t room)
{
    char self[SELF_FD_SIZE];
    ssize_t got = fgetxattr(fd, name, value, room);
    return got < 0 && errno == EBADF ? getxattr(self_fd(self, fd), name, value, room) : got;
}

ssize_t os_xattr_list(int fd, char *names, size_t room)
{
    char self[SELF_FD_SIZE];
    ssize_t got = flistxattr(fd, names, room);
    return got < 0 && errno == EBADF ? listxattr(self_fd(self, fd), names, room) : got;
}

bool os_xattr_set(int fd, const char *name, const void *value, size_t size, enum os_xattr_how how)
{
    static const int flags[] = {
        [OS_XATTR_CREATE] = XATTR_CREATE, [OS_XATTR_REPLACE] = XATTR_REPLACE};
    char self[SELF_FD_SIZE];
    if (fsetxattr(fd, name, value, size, flags[how]) == 0)
        return true;
    return errno == EBADF && setxattr(self_fd(self, fd), name, value, size, flags[how]) == 0;
}

bool os_xattr_remove(int fd, const char *name)
{
    char self[SELF_FD_SIZE];
    if (fremovexattr(fd, name) == 0)
        return true;
    return errno == EBADF && removexattr(self_fd(self, fd), name) == 0;
}
