/* Opens files by path, but never on a file system of the kernel's own (MEDIUM_PSEUDO): with
 * /proc/self/mem a client could read the server's memory, and on such file systems even an open, or
 * a new directory, can change the machine's state. Files on the root's own mount need no check.
 * Others are checked before they are opened and again afterwards; if a plain open cannot do
 * anything that the client may not, only afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "fs/local.h"
#include "os/file.h"

static int refuse(int fd, int error)
{
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

static struct in_root on_one_mount(const struct local *local, const sally_op *op)
{
    struct in_root where = local_where(local, op);
    where.stay = true;
    return where;
}

static bool may_enter(const struct in_root *where, const char *path, struct in_root_entry *entry)
{
    if (!in_root_entry_open(where, path, entry))
        return false;
    if (os_medium_of(entry->dir) != MEDIUM_PSEUDO)
        return true;
    in_root_entry_close(entry);
    errno = EACCES;
    return false;
}

/* For a new file its directory decides, even after a link to a name that does not exist yet. */
static bool may_create(const struct in_root *where, const char *path)
{
    struct in_root_entry entry;
    struct buf real;
    int fd;
    buf_init(&real, PATH_MAX_BYTES + 1);
    bool ok = in_root_canonical(where, path, &real, &fd);
    if (ok && fd >= 0)
        close(fd); /* it has been made meanwhile */
    ok = ok && may_enter(where, (const char *)buf_head(&real), &entry);
    int saved = errno;
    if (ok)
        in_root_entry_close(&entry);
    buf_clear(&real);
    errno = saved;
    return ok;
}

/* `*seen`: a descriptor of what is there, which O_PATH alone has opened, or -1. */
static bool may_open(const struct local *local, const struct in_root *where, const char *path,
                     int flags, int *seen)
{
    struct os_stat st;
    *seen = in_root_open(where, path, O_PATH | (flags & (O_NOFOLLOW | O_DIRECTORY)), 0);
    if (*seen < 0)
        return errno == ENOENT && (flags & O_CREAT) && may_create(where, path);
    int error = 0;
    if (os_medium_of(*seen) == MEDIUM_PSEUDO)
        error = EACCES;
    else if (!(flags & O_PATH) && os_stat_fd(*seen, &st) && !local_may_open_type(local, st.mode))
        error = ENXIO; /* as open(2) says of a socket */
    if (error)
        *seen = refuse(*seen, error);
    return !error;
}

int local_path_open(const struct local *local, const sally_op *op, const char *path, int flags,
                    mode_t mode)
{
    struct in_root where = on_one_mount(local, op);
    int seen, fd = in_root_open(&where, path, flags, mode);
    if (fd < 0 && (errno != EXDEV || (op->flags & SALLY_OP_TRY)))
        return fd;
    if (fd >= 0 && !where.walk)
        return fd;
    if (fd < 0) {
        where.stay = false;
        if (!may_open(local, &where, path, flags, &seen))
            return -1;
        fd = (flags & O_PATH) && seen >= 0 ? seen : in_root_open(&where, path, flags, mode);
        if (seen >= 0 && seen != fd)
            close(seen);
    }
    return fd >= 0 && os_medium_of(fd) == MEDIUM_PSEUDO ? refuse(fd, EACCES) : fd;
}

int local_path_open_first(const struct local *local, const sally_op *op, int flags, mode_t mode)
{
    const struct in_root where = local_where(local, op);
    if (local->where.confined || (flags & (O_CREAT | O_TRUNC)))
        return local_path_open(local, op, op->path, flags, mode);
    return in_root_open(&where, op->path, flags, mode);
}

bool local_path_check(const struct local *local, int fd, uint64_t device, enum os_medium *medium)
{
    *medium = device == local->device ? local->medium : os_medium_of(fd);
    if (*medium == MEDIUM_PSEUDO)
        errno = EACCES;
    return *medium != MEDIUM_PSEUDO;
}

bool local_path_enter(const struct local *local, const sally_op *op, const char *path,
                      struct in_root_entry *entry)
{
    struct in_root where = on_one_mount(local, op);
    if (in_root_entry_open(&where, path, entry))
        return true;
    if (errno != EXDEV || (op->flags & SALLY_OP_TRY))
        return false;
    where.stay = false;
    return may_enter(&where, path, entry);
}
