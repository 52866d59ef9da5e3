#include "os/in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "os/in_root_walk.h"

/* openat2 gives up with EAGAIN when something was renamed while ".." was resolved; an attacker can
 * make that happen often, but not always. So does an open that breaks another process's lease,
 * until that process has released it. */
#define TRIES       64
#define HASTY_TRIES 32

/* Maximum number of components for callers that cannot wait. */
#define BRIEF_STEPS 64

static bool is_long(const char *path)
{
    size_t slashes = 0;
    if (strnlen(path, 2 * BRIEF_STEPS) < 2 * BRIEF_STEPS)
        return false;
    for (const char *at = path; *at; at++)
        slashes += *at == '/';
    return slashes > BRIEF_STEPS;
}

static void pause_ms(long ms)
{
    struct timespec wait = {.tv_nsec = ms * 1000000};
    nanosleep(&wait, NULL);
}

bool in_root_kernel_can(int root)
{
    int fd = os_openat2(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, OPENAT2_IN_ROOT);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static uint32_t how_of(const struct in_root *where)
{
    return (where->confined ? OPENAT2_IN_ROOT : OPENAT2_NO_MAGIC) |
           (where->stay ? OPENAT2_STAY : 0u) | (where->brief ? OPENAT2_NO_LINKS : 0u);
}

static int kernel_open(const struct in_root *where, const char *path, int flags, mode_t mode,
                       uint32_t how)
{
    for (int tries = 0;; tries++) {
        int fd = how ? os_openat2(where->root, path, flags, mode, how)
                     : openat(where->root, path, flags, mode);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == TRIES)
            return fd;
        if (errno == EAGAIN && tries >= HASTY_TRIES)
            pause_ms(5);
    }
}

/* Links can cost the kernel 100 ms in one call, possibly without preemption. The walk has limits,
 * and other threads can run between its components. `errno` is ELOOP. */
static bool links_take_long(const struct in_root *where, const char *path, int flags)
{
    bool follow = !(flags & O_NOFOLLOW) && !((flags & O_CREAT) && (flags & O_EXCL));
    int fd = in_root_walk_open(where, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0);
    bool is_long_way = fd < 0 && errno == ELOOP;
    if (fd >= 0)
        close(fd);
    errno = ELOOP;
    return is_long_way;
}

int in_root_open(const struct in_root *where, const char *path, int flags, mode_t mode)
{
    flags |= O_CLOEXEC;
    if (!(flags & O_PATH))
        flags |= O_NOCTTY;
    if ((where->brief && is_long(path)) || (where->walk && where->stay && !where->confined)) {
        errno = EXDEV; /* ; not known here */
        return -1;
    }
    if ((where->walk && where->confined) || strlen(path) >= PATH_MAX)
        return in_root_walk_open(where, path, flags, mode);
    uint32_t how = where->walk ? 0 : how_of(where);
    int fd = kernel_open(where, path, flags, mode, where->confined ? how | OPENAT2_NO_LINKS : how);
    if (fd >= 0 || errno != ELOOP || !(where->brief || where->confined))
        return fd;
    if (where->brief)
        errno = EXDEV;
    else if (!links_take_long(where, path, flags))
        fd = kernel_open(where, path, flags, mode, how);
    return fd;
}

int in_root_open_cached(const struct in_root *where, const char *path, int flags)
{
    if (where->walk || is_long(path)) {
        errno = EAGAIN;
        return -1;
    }
    flags |= O_CLOEXEC;
    if (!(flags & O_PATH))
        flags |= O_NOCTTY;
    int fd =
        os_openat2(where->root, path, flags, 0, OPENAT2_CACHED | OPENAT2_NO_LINKS | how_of(where));
    if (fd < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM || errno == EINTR ||
                   errno == ELOOP || errno == ENAMETOOLONG))
        errno = EAGAIN; /* not supported by the kernel; the walk finds out what is wrong */
    return fd;
}

/* Clients cannot replace the entry with something hidden afterwards: they would have to move that,
 * and cannot name it. */
static bool is_visible(const struct in_root *where, struct in_root_entry *entry)
{
    struct os_stat st;
    if (!where->hidden || !where->hidden->count || !os_stat_at(entry->dir, entry->name, &st) ||
        !in_root_hides(where, st.device, st.inode))
        return true;
    in_root_entry_close(entry);
    errno = ENOENT;
    return false;
}

bool in_root_entry_open(const struct in_root *where, const char *path, struct in_root_entry *entry)
{
    const char *slash = strrchr(path, '/');
    *entry = (struct in_root_entry){where->root, slash + 1, false};
    if (!slash[1])
        entry->name = "."; /* only "/" ends in a slash */
    if (slash == path)
        return is_visible(where, entry);

    size_t size = (size_t)(slash - path);
    char brief[512];
    char *copy = size < sizeof(brief) ? brief : mem_alloc(size + 1);
    if (!copy) {
        errno = ENOMEM;
        return false;
    }
    memcpy(copy, path, size);
    copy[size] = 0;
    entry->dir = in_root_open(where, copy, O_PATH | O_DIRECTORY, 0);
    entry->owned = entry->dir >= 0;
    if (copy != brief) {
        int saved = errno;
        mem_free(copy);
        errno = saved;
    }
    return entry->owned && is_visible(where, entry);
}

void in_root_entry_close(struct in_root_entry *entry)
{
    if (!entry->owned)
        return;
    int saved = errno;
    close(entry->dir);
    errno = saved;
    entry->owned = false;
}

bool in_root_canonical(const struct in_root *where, const char *path, struct buf *out, int *fd)
{
    if (where->brief && is_long(path)) {
        *fd = -1;
        errno = EXDEV;
        return false;
    }
    return in_root_walk_canonical(where, path, out, fd);
}
