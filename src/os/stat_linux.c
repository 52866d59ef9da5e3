#include "os/stat.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static struct timespec time_of(struct statx_timestamp t)
{
    return (struct timespec){.tv_sec = (time_t)t.tv_sec, .tv_nsec = (long)t.tv_nsec};
}

static uint32_t bits_of(uint64_t attributes)
{
    static const struct {
        uint64_t theirs;
        uint32_t ours;
    } table[] = {{STATX_ATTR_ENCRYPTED, 0x020},
                 {STATX_ATTR_COMPRESSED, 0x040},
                 {STATX_ATTR_APPEND, 0x100},
                 {STATX_ATTR_IMMUTABLE, 0x200}};
    uint32_t bits = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (attributes & table[i].theirs)
            bits |= table[i].ours;
    return bits;
}

static bool get(int dir, const char *name, int flags, struct os_stat *st)
{
    struct statx sx;
    if (statx(dir, name, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &sx) != 0)
        return false;
    st->mode = sx.stx_mode;
    st->uid = sx.stx_uid;
    st->gid = sx.stx_gid;
    st->links = sx.stx_nlink;
    st->size = sx.stx_size;
    st->allocated = sx.stx_blocks * 512;
    st->device = makedev(sx.stx_dev_major, sx.stx_dev_minor);
    st->inode = sx.stx_ino;
    st->accessed = time_of(sx.stx_atime);
    st->modified = time_of(sx.stx_mtime);
    st->changed = time_of(sx.stx_ctime);
    st->has_born = (sx.stx_mask & STATX_BTIME) != 0;
    st->born = time_of(sx.stx_btime);
    st->bits = bits_of(sx.stx_attributes & sx.stx_attributes_mask);
    st->bits_known = bits_of(sx.stx_attributes_mask);
    return true;
}

bool os_stat_fd(int fd, struct os_stat *st)
{
    return get(fd, "", AT_EMPTY_PATH, st);
}

bool os_stat_cached(int fd, struct os_stat *st)
{
    return get(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, st);
}

bool os_stat_at(int dir, const char *name, struct os_stat *st)
{
    return get(dir, name, AT_SYMLINK_NOFOLLOW, st);
}

bool os_stat_at_cached(int dir, const char *name, struct os_stat *st)
{
    return get(dir, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, st);
}
