#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef RESOLVE_CACHED /* Linux 5.12 */
#define RESOLVE_CACHED 0x20
#endif
#ifndef SYS_fchmodat2
#ifdef __alpha__
#define SYS_fchmodat2 562
#else
#define SYS_fchmodat2 452
#endif
#endif

/* ---- Opening ---- */

int os_openat2(int dir, const char *path, int flags, mode_t mode, uint32_t how)
{
    struct open_how what;
    memset(&what, 0, sizeof(what));
    what.flags = (unsigned)flags;
    if (!(flags & O_PATH)) /* which only accepts a few flags */
        what.flags |= O_LARGEFILE;
    if (flags & O_CREAT)
        what.mode = mode & 07777;
    if (how & OPENAT2_IN_ROOT)
        what.resolve |= RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    if (how & OPENAT2_NO_MAGIC)
        what.resolve |= RESOLVE_NO_MAGICLINKS;
    if (how & OPENAT2_STAY)
        what.resolve |= RESOLVE_NO_XDEV;
    if (how & OPENAT2_NO_LINKS)
        what.resolve |= RESOLVE_NO_SYMLINKS;
    if (how & OPENAT2_CACHED)
        what.resolve |= RESOLVE_CACHED;
    return (int)syscall(SYS_openat2, dir, path, &what, sizeof(what));
}

/* Numbers from statfs(2); not every linux/magic.h has them all. */
static const struct {
    uint32_t type;
    enum os_medium medium;
} media[] = {
    {0x01021994, MEDIUM_MEMORY}, /* tmpfs */
    {0x858458f6, MEDIUM_MEMORY}, /* ramfs */
    {0x0000ef53, MEDIUM_DISK},   /* ext2, ext3, ext4 */
    {0x58465342, MEDIUM_DISK},   /* XFS */
    {0x9123683e, MEDIUM_DISK},   /* Btrfs */
    {0xf2f52010, MEDIUM_DISK},   /* F2FS */
    {0x794c7630, MEDIUM_DISK},   /* overlayfs */
    {0x2fc12fc1, MEDIUM_DISK},   /* ZFS */

    /* Processes: their memory, environment and open files, those of the server among them. */
    {0x00009fa0, MEDIUM_PSEUDO}, /* proc */
    {0x50494446, MEDIUM_PSEUDO}, /* pidfs */
    {0x6e736673, MEDIUM_PSEUDO}, /* nsfs: an open one can be entered */
    /* Settings: a write changes the machine, and often an open or an mkdir alone does. */
    {0x62656572, MEDIUM_PSEUDO}, /* sysfs */
    {0x62656570, MEDIUM_PSEUDO}, /* configfs */
    {0x0027e0eb, MEDIUM_PSEUDO}, /* cgroup */
    {0x63677270, MEDIUM_PSEUDO}, /* cgroup2 */
    {0x07655821, MEDIUM_PSEUDO}, /* resctrl */
    {0x42494e4d, MEDIUM_PSEUDO}, /* binfmt_misc: programs to be run for other users' files */
    {0x65735543, MEDIUM_PSEUDO}, /* fusectl */
    {0x6e667364, MEDIUM_PSEUDO}, /* nfsd */
    {0x67596969, MEDIUM_PSEUDO}, /* rpc_pipefs */
    {0xabba1974, MEDIUM_PSEUDO}, /* xenfs */
    {0x00009fa1, MEDIUM_PSEUDO}, /* openpromfs */
    {0x00009fa2, MEDIUM_PSEUDO}, /* usbfs */
    {0x0a647361, MEDIUM_PSEUDO}, /* functionfs: USB gadgets */
    /* Firmware and crash logs: what is removed there can keep a machine from starting. */
    {0xde5e81e4, MEDIUM_PSEUDO}, /* efivarfs */
    {0x6165676c, MEDIUM_PSEUDO}, /* pstore */
    /* Kernel tracing: reads are endless or consume what other readers wait for. */
    {0x64626720, MEDIUM_PSEUDO}, /* debugfs */
    {0x74726163, MEDIUM_PSEUDO}, /* tracefs */
    {0xcafe4a11, MEDIUM_PSEUDO}, /* bpf */
    /* Security modules: their policy. */
    {0x73636673, MEDIUM_PSEUDO}, /* securityfs */
    {0xf97cff8c, MEDIUM_PSEUDO}, /* selinuxfs */
    {0x43415d53, MEDIUM_PSEUDO}, /* smackfs */
    /* Not files but communication endpoints, or memory of devices and virtual machines. */
    {0x00001cd1, MEDIUM_PSEUDO}, /* devpts: other users' terminals */
    {0x19800202, MEDIUM_PSEUDO}, /* mqueue */
    {0x6c6f6f70, MEDIUM_PSEUDO}, /* binderfs */
    {0x50495045, MEDIUM_PSEUDO}, /* pipefs */
    {0x534f434b, MEDIUM_PSEUDO}, /* sockfs */
    {0x09041934, MEDIUM_PSEUDO}, /* anonymous inodes */
    {0x444d4142, MEDIUM_PSEUDO}, /* dma-buf */
    {0x454d444d, MEDIUM_PSEUDO}, /* devmem */
    {0x474d454d, MEDIUM_PSEUDO}, /* guest_memfd */
    {0x5345434d, MEDIUM_PSEUDO}, /* secretmem */
};

enum os_medium os_medium_of(int fd)
{
    struct statfs st;
    if (fstatfs(fd, &st) != 0)
        return MEDIUM_UNKNOWN;
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
        if (media[i].type == (uint32_t)st.f_type)
            return media[i].medium;
    return MEDIUM_UNKNOWN;
}

/* ---- Bytes ---- */

ssize_t os_read_cached(int fd, void *data, size_t size, uint64_t offset)
{
    struct iovec part = {data, size};
    ssize_t got = preadv2(fd, &part, 1, (off_t)offset, RWF_NOWAIT);
    if (got < 0 && (errno == ENOSYS || errno == EINVAL))
        errno = EOPNOTSUPP;
    else if (got < 0 && errno == EINTR)
        errno = EAGAIN;
    return got;
}

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

/* Open file description locks (Linux 3.15): unlike those of POSIX they conflict between the open
 * files of one process, and closing another descriptor of the file does not drop them. */
static struct flock range_lock(uint64_t offset, uint64_t length, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)offset};
    if (length <= (uint64_t)INT64_MAX - offset)
        lock.l_len = (off_t)length;
    return lock;
}

static short lock_type(int fd, bool exclusive)
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
    struct flock lock = range_lock(offset, length, lock_type(fd, exclusive));
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return true;
    return errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS || errno == EOVERFLOW;
}

void os_unlock_range(int fd, uint64_t offset, uint64_t length)
{
    struct flock lock = range_lock(offset, length, F_UNLCK);
    fcntl(fd, F_OFD_SETLK, &lock);
}

/* ---- Names ---- */

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
    int error = errno; /* for example because of the sticky bit: remove the new name again */
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

/* ---- Attributes ---- */

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

static bool stat_any(int dir, const char *name, int flags, struct os_stat *st)
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
    return stat_any(fd, "", AT_EMPTY_PATH, st);
}

bool os_stat_cached(int fd, struct os_stat *st)
{
    return stat_any(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, st);
}

bool os_stat_at(int dir, const char *name, struct os_stat *st)
{
    return stat_any(dir, name, AT_SYMLINK_NOFOLLOW, st);
}

bool os_stat_at_cached(int dir, const char *name, struct os_stat *st)
{
    return stat_any(dir, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, st);
}

/* Calls that accept an O_PATH descriptor are young (utimensat with AT_EMPTY_PATH: Linux 5.8,
 * fchmodat2: 6.6), and the f*xattr calls refuse one. /proc/self/fd has links that lead to the very
 * thing that is open, also to a symbolic link itself. */
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
    if (errno != EBADF) /* as O_PATH descriptors return */
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
