#include "os/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/beneath_walk.h"
#include "os/file.h"

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

bool beneath_kernel_can(int root)
{
    int fd = os_openat2(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, OPENAT2_IN_ROOT);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static uint32_t how_of(const struct beneath *b)
{
    return (b->confined ? OPENAT2_IN_ROOT : OPENAT2_NO_MAGIC) | (b->stay ? OPENAT2_STAY : 0u) |
           (b->brief ? OPENAT2_NO_LINKS : 0u);
}

static int kernel_open(const struct beneath *b, const char *path, int flags, mode_t mode,
                       uint32_t how)
{
    for (int tries = 0;; tries++) {
        int fd =
            how ? os_openat2(b->root, path, flags, mode, how) : openat(b->root, path, flags, mode);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == TRIES)
            return fd;
        if (errno == EAGAIN && tries >= HASTY_TRIES)
            pause_ms(5);
    }
}

/* Links can cost the kernel 100 ms in one call, possibly without preemption. The walk has limits,
 * and other threads can run between its components. `errno` is ELOOP. */
static bool links_take_long(const struct beneath *b, const char *path, int flags)
{
    bool follow = !(flags & O_NOFOLLOW) && !((flags & O_CREAT) && (flags & O_EXCL));
    int fd = beneath_walk_open(b, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0);
    bool is_long_way = fd < 0 && errno == ELOOP;
    if (fd >= 0)
        close(fd);
    errno = ELOOP;
    return is_long_way;
}

int beneath_open(const struct beneath *b, const char *path, int flags, mode_t mode)
{
    flags |= O_CLOEXEC;
    if (!(flags & O_PATH))
        flags |= O_NOCTTY;
    if ((b->brief && is_long(path)) || (b->walk && b->stay && !b->confined)) {
        errno = EXDEV; /* ; not known here */
        return -1;
    }
    if ((b->walk && b->confined) || strlen(path) >= PATH_MAX)
        return beneath_walk_open(b, path, flags, mode);
    uint32_t how = b->walk ? 0 : how_of(b);
    int fd = kernel_open(b, path, flags, mode, b->confined ? how | OPENAT2_NO_LINKS : how);
    if (fd >= 0 || errno != ELOOP || !(b->brief || b->confined))
        return fd;
    if (b->brief)
        errno = EXDEV;
    else if (!links_take_long(b, path, flags))
        fd = kernel_open(b, path, flags, mode, how);
    return fd;
}

int beneath_open_cached(const struct beneath *b, const char *path, int flags)
{
    if (b->walk || is_long(path)) {
        errno = EAGAIN;
        return -1;
    }
    flags |= O_CLOEXEC;
    if (!(flags & O_PATH))
        flags |= O_NOCTTY;
    int fd = os_openat2(b->root, path, flags, 0, OPENAT2_CACHED | OPENAT2_NO_LINKS | how_of(b));
    if (fd < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM || errno == EINTR ||
                   errno == ELOOP || errno == ENAMETOOLONG))
        errno = EAGAIN; /* not supported by the kernel; the walk finds out what is wrong */
    return fd;
}

/* Clients cannot replace the entry with something hidden afterwards: they would have to move that,
 * and cannot name it. */
static bool is_visible(const struct beneath *b, struct beneath_place *place)
{
    struct os_stat st;
    if (!b->hidden || !b->hidden->count || !os_stat_at(place->dir, place->name, &st) ||
        !beneath_hides(b, st.device, st.inode))
        return true;
    beneath_leave(place);
    errno = ENOENT;
    return false;
}

bool beneath_enter(const struct beneath *b, const char *path, struct beneath_place *place)
{
    const char *slash = strrchr(path, '/');
    *place = (struct beneath_place){b->root, slash + 1, false};
    if (!slash[1])
        place->name = "."; /* only "/" ends in a slash */
    if (slash == path)
        return is_visible(b, place);

    size_t size = (size_t)(slash - path);
    char brief[512];
    char *copy = size < sizeof(brief) ? brief : mem_alloc(size + 1);
    if (!copy) {
        errno = ENOMEM;
        return false;
    }
    memcpy(copy, path, size);
    copy[size] = 0;
    place->dir = beneath_open(b, copy, O_PATH | O_DIRECTORY, 0);
    place->owned = place->dir >= 0;
    if (copy != brief) {
        int saved = errno;
        mem_free(copy);
        errno = saved;
    }
    return place->owned && is_visible(b, place);
}

void beneath_leave(struct beneath_place *place)
{
    if (!place->owned)
        return;
    int saved = errno;
    close(place->dir);
    errno = saved;
    place->owned = false;
}

bool beneath_canonical(const struct beneath *b, const char *path, struct buf *out, int *fd)
{
    if (b->brief && is_long(path)) {
        *fd = -1;
        errno = EXDEV;
        return false;
    }
    return beneath_walk_canonical(b, path, out, fd);
}
