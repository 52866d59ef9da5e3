#include "os/rename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* By link and unlink: false and EOPNOTSUPP when the file system has no links, or not to
 * directories. */
static bool link_and_unlink(int from_dir, const char *from, int to_dir, const char *to)
{
    if (linkat(from_dir, from, to_dir, to, 0) != 0) {
        if (errno == EPERM || errno == EMLINK || errno == ENOSYS || errno == ENOTSUP)
            errno = EOPNOTSUPP;
        return false;
    }
    if (unlinkat(from_dir, from, 0) == 0)
        return true;
    int error = errno; /* such as a sticky directory's refusal: take the new name back */
    unlinkat(to_dir, to, 0);
    errno = error;
    return false;
}

bool os_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to)
{
    if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS && errno != EPERM)
        return false;
    /* EINVAL may also mean a directory moved into itself, EPERM a refusal: the plain call below
     * says the same again. */
    if (link_and_unlink(from_dir, from, to_dir, to))
        return true;
    if (errno != EOPNOTSUPP)
        return false;
    struct stat st;
    if (fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return errno == ENOENT && renameat(from_dir, from, to_dir, to) == 0;
}
