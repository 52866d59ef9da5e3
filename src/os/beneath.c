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
 * make that happen often, but not always. So does an open that would break somebody's lease, which
 * takes that somebody some time. */
#define TRIES       64
#define HASTY_TRIES 32

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
    return (b->confined ? OPENAT2_IN_ROOT : OPENAT2_NO_MAGIC) | (b->stay ? OPENAT2_STAY : 0u);
}

static int kernel_open(const struct beneath *b, const char *path, int flags, mode_t mode)
{
    uint32_t how = b->walk ? 0 : how_of(b);
    for (int tries = 0;; tries++) {
        int fd =
            how ? os_openat2(b->root, path, flags, mode, how) : openat(b->root, path, flags, mode);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == TRIES)
            return fd;
        if (errno == EAGAIN && tries >= HASTY_TRIES)
            pause_ms(5);
    }
}

int beneath_open(const struct beneath *b, const char *path, int flags, mode_t mode)
{
    flags |= O_CLOEXEC;
    if (!(flags & O_PATH))
        flags |= O_NOCTTY;
    if (b->walk && b->stay && !b->confined) {
        errno = EXDEV; /* nobody here can tell */
        return -1;
    }
    if ((b->walk && b->confined) || strlen(path) >= PATH_MAX)
        return beneath_walk_open(b, path, flags, mode);
    return kernel_open(b, path, flags, mode);
}

int beneath_open_cached(const struct beneath *b, const char *path, int flags)
{
    if (b->walk || strlen(path) >= PATH_MAX) {
        errno = EAGAIN;
        return -1;
    }
    flags |= O_CLOEXEC;
    if (!(flags & O_PATH))
        flags |= O_NOCTTY;
    int fd = os_openat2(b->root, path, flags, 0, OPENAT2_CACHED | how_of(b));
    if (fd < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM || errno == EINTR))
        errno = EAGAIN; /* a kernel that cannot do it; the slow way finds out what is wrong */
    return fd;
}

/* Nobody who comes this way can put something hidden in the entry's place afterwards: he would
 * have to move it, and it cannot be named. */
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
    return beneath_walk_canonical(b, path, out, fd);
}
