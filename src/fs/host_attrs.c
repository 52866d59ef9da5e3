/* Attributes from and to the operating system, without a storage. */
#include "fs/host_attrs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/attrs.h"
#include "os/file.h"
#include "sallyport/posix.h"

static sally_time time_of(struct timespec t)
{
    return (sally_time){.seconds = (int64_t)t.tv_sec, .nanoseconds = (uint32_t)t.tv_nsec};
}

void sally_attrs_from_stat(sally_attrs *attrs, const struct stat *st)
{
    *attrs = (sally_attrs){
        .valid = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_ALLOCATION_SIZE | SALLY_ATTR_IDS |
                 SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_CTIME |
                 SALLY_ATTR_NANOSECONDS | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_IDENTITY,
        .type = attrs_type_of_mode(st->st_mode),
        .size = (uint64_t)st->st_size,
        .allocation_size = (uint64_t)st->st_blocks * 512,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .permissions = st->st_mode & 07777,
        .link_count = (uint32_t)st->st_nlink,
        .atime = time_of(st->st_atim),
        .mtime = time_of(st->st_mtim),
        .ctime = time_of(st->st_ctim),
        .device = st->st_dev,
        .inode = st->st_ino,
    };
}

static bool time_ok(const sally_attrs *attrs, uint32_t bit, const sally_time *t)
{
    return !(attrs->valid & bit) || !(attrs->valid & SALLY_ATTR_NANOSECONDS) ||
           t->nanoseconds < 1000000000;
}

bool host_times_ok(const sally_attrs *attrs)
{
    return time_ok(attrs, SALLY_ATTR_ATIME, &attrs->atime) &&
           time_ok(attrs, SALLY_ATTR_MTIME, &attrs->mtime);
}

static struct timespec change_of_time(const sally_attrs *attrs, uint32_t bit, const sally_time *t)
{
    struct timespec ts = {.tv_nsec = UTIME_OMIT};
    if (attrs->valid & bit) {
        ts.tv_sec = (time_t)t->seconds;
        ts.tv_nsec = attrs->valid & SALLY_ATTR_NANOSECONDS ? (long)t->nanoseconds : 0;
    }
    return ts;
}

bool host_change_times(int fd, const sally_attrs *attrs)
{
    struct timespec times[2] = {change_of_time(attrs, SALLY_ATTR_ATIME, &attrs->atime),
                                change_of_time(attrs, SALLY_ATTR_MTIME, &attrs->mtime)};
    return os_change_times(fd, times);
}

static void note(sally_status *first, bool ok)
{
    if (!ok && *first == SALLY_OK)
        *first = errno ? sally_status_from_errno(errno) : SALLY_FAILURE;
}

static bool is_name(const char *name)
{
    return name && *name;
}

static bool can_be_set(const sally_attrs *attrs)
{
    uint32_t never = SALLY_ATTR_ACL | SALLY_ATTR_EXTENDED;
    if (attrs->valid & SALLY_ATTR_BITS && attrs->attrib_bits & attrs->attrib_bits_valid)
        return false;
    if ((attrs->valid & SALLY_ATTR_NAMES) && !(attrs->valid & SALLY_ATTR_IDS) &&
        (is_name(attrs->owner) || is_name(attrs->group)))
        return false;
    return (attrs->valid & never) == 0;
}

static bool change_size(int fd, uint64_t size)
{
    if (size <= INT64_MAX)
        return ftruncate(fd, (off_t)size) == 0;
    errno = EFBIG;
    return false;
}

static bool change_owner(int fd, const sally_attrs *attrs)
{
    bool named = (attrs->valid & SALLY_ATTR_NAMES) != 0;
    uid_t uid = named && !is_name(attrs->owner) ? (uid_t)-1 : attrs->uid;
    gid_t gid = named && !is_name(attrs->group) ? (gid_t)-1 : attrs->gid;
    return (uid == (uid_t)-1 && gid == (gid_t)-1) || os_change_owner(fd, uid, gid);
}

/* Links have no mode on Linux: success without effect. */
static bool change_mode(int fd, uint32_t permissions)
{
    struct os_stat st;
    if (os_change_mode(fd, permissions & 07777))
        return true;
    int error = errno;
    bool link = error == EOPNOTSUPP && os_stat_fd(fd, &st) && S_ISLNK(st.mode);
    errno = error;
    return link;
}

/* `cut`: a descriptor that may write, or -1: the size cannot be set, and `first` says why. */
static sally_status change(int fd, int cut, const sally_attrs *attrs, sally_status first)
{
    if (!can_be_set(attrs) && first == SALLY_OK)
        first = SALLY_UNSUPPORTED;
    if (cut >= 0 && attrs->valid & SALLY_ATTR_SIZE)
        note(&first, change_size(cut, attrs->size));
    if (attrs->valid & SALLY_ATTR_IDS)
        note(&first, change_owner(fd, attrs));
    if (attrs->valid & SALLY_ATTR_PERMISSIONS)
        note(&first, change_mode(fd, attrs->permissions));
    if (attrs->valid & (SALLY_ATTR_ATIME | SALLY_ATTR_MTIME))
        note(&first, host_change_times(fd, attrs));
    return first;
}

sally_status sally_attrs_apply_fd(int fd, const sally_attrs *attrs)
{
    if (!attrs || !host_times_ok(attrs))
        return SALLY_INVALID_PARAMETER;
    return change(fd, fd, attrs, SALLY_OK);
}

sally_status sally_attrs_apply_path(int dir, const char *path, const sally_attrs *attrs,
                                    uint32_t flags)
{
    if (!path || !attrs || !host_times_ok(attrs) || flags & ~(uint32_t)SALLY_FOLLOW)
        return SALLY_INVALID_PARAMETER;
    int follow = O_CLOEXEC | (flags & SALLY_FOLLOW ? 0 : O_NOFOLLOW);
    sally_status first = SALLY_OK;
    int cut = -1;
    if (attrs->valid & SALLY_ATTR_SIZE) {
        cut = openat(dir, path, follow | O_WRONLY | O_NONBLOCK | O_NOCTTY);
        note(&first, cut >= 0);
    }
    /* What has to be written is one file, even if the name leads to another one by now. */
    int fd = cut >= 0 ? cut : openat(dir, path, follow | O_PATH);
    note(&first, fd >= 0);
    if (fd < 0)
        return first;
    first = change(fd, cut, attrs, first);
    close(fd);
    return first;
}
