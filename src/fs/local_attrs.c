/* Attributes, of files and of the file system. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/attrs.h"
#include "fs/host_attrs.h"
#include "fs/local.h"
#include "os/file.h"
#include "sallyport/storages.h"

/* User names may come from a directory service. */
#define SLOW (SALLY_ATTR_NAMES | SALLY_ATTR_ACL)

/* Unknown bits of a version 5 client are zero; HIDDEN depends on the name. */
#define BITS_NOT_LOOKED_AT 0x04u
#define BIT_SPARSE         0x80u

static sally_time time_of(struct timespec t)
{
    return (sally_time){.seconds = (int64_t)t.tv_sec, .nanoseconds = (uint32_t)t.tv_nsec};
}

static uint32_t bits_of(const struct os_stat *st)
{
    bool sparse = S_ISREG(st->mode) && st->allocated < st->size;
    return st->bits | (sparse ? BIT_SPARSE : 0);
}

void local_attrs_of(sally_attrs *attrs, const struct os_stat *st)
{
    memset(attrs, 0, sizeof(*attrs));
    attrs->valid = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_ALLOCATION_SIZE | SALLY_ATTR_IDS |
                   SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_CTIME |
                   SALLY_ATTR_NANOSECONDS | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_BITS |
                   SALLY_ATTR_IDENTITY;
    attrs->attrib_bits = bits_of(st);
    attrs->attrib_bits_valid = st->bits_known | BIT_SPARSE;
    attrs->type = attrs_type_of_mode(st->mode);
    attrs->size = st->size;
    attrs->allocation_size = st->allocated;
    attrs->uid = st->uid;
    attrs->gid = st->gid;
    attrs->permissions = st->mode & 07777;
    attrs->link_count = st->links;
    attrs->device = st->device;
    attrs->inode = st->inode;
    attrs->atime = time_of(st->accessed);
    attrs->mtime = time_of(st->modified);
    attrs->ctime = time_of(st->changed);
    if (st->has_born) {
        attrs->createtime = time_of(st->born);
        attrs->valid |= SALLY_ATTR_CREATETIME;
    }
}

/* Names and the ACL only if wanted. `fd` is for the ACL. */
static sally_status answer(struct local *local, sally_op *op, int fd, const struct os_stat *st)
{
    sally_attrs *attrs = &op->u.stat.attrs;
    sally_status status = SALLY_OK;
    local_attrs_of(attrs, st);
    if (op->u.stat.wanted & SALLY_ATTR_ACL)
        status = local_acl_get(local, op, fd, st->mode, attrs);
    if (status != SALLY_OK || !(op->u.stat.wanted & SALLY_ATTR_NAMES))
        return status;
    return local_add_names(local, op, st, attrs);
}

/* Only what the kernel has at hand, and only on the storage's own disk: below another mount point
 * may lie a network. */
static sally_status stat_cached(struct local *local, sally_op *op, int flags)
{
    if (local->medium == MEDIUM_UNKNOWN)
        return SALLY_WOULD_BLOCK;
    int fd = in_root_open_cached(&local->where, op->path, flags);
    if (fd < 0)
        return errno == EAGAIN ? SALLY_WOULD_BLOCK : local_error(errno);
    struct os_stat st;
    sally_status status = SALLY_WOULD_BLOCK;
    if (os_stat_cached(fd, &st) && st.device == local->device)
        status = answer(local, op, fd, &st);
    close(fd);
    return status;
}

/* Directly below the root, no link can be on the path, so checking the entry suffices, unless it is
 * itself a link to be followed. False: the path must be resolved. */
static bool stat_entry(struct local *local, sally_op *op, sally_status *status)
{
    struct os_stat st;
    const char *name = op->path + 1;
    if (!*name || strchr(name, '/') || (op->u.stat.wanted & SALLY_ATTR_ACL))
        return false;
    bool try = (op->flags & SALLY_OP_TRY) != 0;
    if (!(try ? os_stat_at_cached : os_stat_at)(local->where.root, name, &st)) {
        *status = local_error(errno);
        return true;
    }
    if (try && st.device != local->device) {
        *status = SALLY_WOULD_BLOCK; /* something is mounted there, so the result may be outdated */
        return true;
    }
    if (S_ISLNK(st.mode) && (op->u.stat.flags & SALLY_FOLLOW))
        return false;
    *status = in_root_hides(&local->where, st.device, st.inode) ? SALLY_NO_SUCH_FILE
                                                                : answer(local, op, -1, &st);
    return true;
}

sally_status local_stat(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    int flags = O_PATH | (op->u.stat.flags & SALLY_FOLLOW ? 0 : O_NOFOLLOW);
    if ((op->flags & SALLY_OP_TRY) && (op->u.stat.wanted & SALLY_ATTR_ACL))
        return SALLY_WOULD_BLOCK;
    if (local_may_wait(local, op))
        return stat_cached(local, op, flags);
    sally_status status;
    if (stat_entry(local, op, &status))
        return status;
    const struct in_root where = local_where(local, op);
    int fd = in_root_open(&where, op->path, flags, 0);
    if (fd < 0)
        return local_path_error(op);
    struct os_stat st;
    bool ok = os_stat_fd(fd, &st);
    status = ok ? answer(local, op, fd, &st) : local_error(errno);
    close(fd);
    return status;
}

sally_status local_fstat(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    struct os_stat st;
    if ((op->flags & SALLY_OP_TRY) &&
        (file->medium == MEDIUM_UNKNOWN || (op->u.stat.wanted & SALLY_ATTR_ACL)))
        return SALLY_WOULD_BLOCK;
    return os_stat_fd(file->fd, &st) ? answer(local_of(fs), op, file->fd, &st) : local_error(errno);
}

/* A failure does not stop the others; the first one is returned, as with OpenSSH. */
static void note(sally_status *first, sally_status status)
{
    if (*first == SALLY_OK)
        *first = status;
}

/* Refuses what the policy does before anything was changed. `left`: the answer for the attributes
 * that are left out because they cannot be set. */
static sally_status check_changes(const struct local *local, const sally_attrs *given,
                                  sally_attrs *attrs, sally_status *left)
{
    *attrs = *given;
    *left = SALLY_OK;
    if (attrs->valid & local->shared->refused)
        return SALLY_UNSUPPORTED;
    attrs->valid &= ~local->shared->ignored;
    if (!host_times_ok(attrs))
        return SALLY_INVALID_PARAMETER;
    if (attrs->valid & ~(uint32_t)LOCAL_SETTABLE)
        note(left, SALLY_UNSUPPORTED);
    attrs->valid &= LOCAL_SETTABLE;
    if ((attrs->valid & SALLY_ATTR_SIZE) && attrs->size > INT64_MAX) {
        note(left, local_error(EFBIG));
        attrs->valid &= ~(uint32_t)SALLY_ATTR_SIZE;
    }
    return SALLY_OK;
}

/* Bits may be set to their current values. */
static sally_status check_bits(int fd, const sally_attrs *attrs)
{
    struct os_stat st;
    if (!os_stat_fd(fd, &st))
        return local_error(errno);
    uint32_t differ = (bits_of(&st) ^ attrs->attrib_bits) & attrs->attrib_bits_valid;
    return differ & ~BITS_NOT_LOOKED_AT ? SALLY_UNSUPPORTED : SALLY_OK;
}

/* Clients send back a directory's permissions as they got them; that must not change what is
 * inherited below it. */
static uint32_t settable_mode(const struct local *local, int fd, uint32_t permissions)
{
    struct os_stat st;
    if (!(permissions & (S_ISUID | S_ISGID)) || local_may_set_id(local))
        return permissions & 07777;
    bool keeps = os_stat_fd(fd, &st) && S_ISDIR(st.mode);
    return permissions & (01777 | (keeps ? st.mode & (S_ISUID | S_ISGID) : 0));
}

/* Links have no mode on Linux: it is as it was meant to be. */
static sally_status change_mode(const struct local *local, int fd, uint32_t permissions)
{
    struct os_stat st;
    if (os_change_mode(fd, settable_mode(local, fd, permissions)))
        return SALLY_OK;
    int error = errno;
    bool link = error == EOPNOTSUPP && os_stat_fd(fd, &st) && S_ISLNK(st.mode);
    return link ? SALLY_OK : local_error(error);
}

/* The size comes first, as it moves the times; the owner before the mode, as it takes set-user-id
 * away; the times last. `first`: the failure there was before. */
static sally_status change(struct local *local, sally_op *op, int fd, const sally_attrs *attrs,
                           sally_status first)
{
    if (attrs->valid & SALLY_ATTR_BITS)
        note(&first, check_bits(fd, attrs));
    if ((attrs->valid & SALLY_ATTR_SIZE) && ftruncate(fd, (off_t)attrs->size) != 0)
        note(&first, local_error(errno));
    if (attrs->valid & (SALLY_ATTR_IDS | SALLY_ATTR_NAMES))
        note(&first, local_change_owner(local, op, fd, attrs));
    if (attrs->valid & SALLY_ATTR_PERMISSIONS)
        note(&first, change_mode(local, fd, attrs->permissions));
    if (attrs->valid & SALLY_ATTR_ACL)
        note(&first, local_acl_set(local, op, fd, attrs));
    if ((attrs->valid & (SALLY_ATTR_ATIME | SALLY_ATTR_MTIME)) && !host_change_times(fd, attrs))
        note(&first, local_error(errno));
    return first;
}

/* Truncating by path: no other user may have reserved the file, or locked the part that is
 * removed. */
static sally_status check_cut(struct local *local, sally_op *op, int fd)
{
    struct os_stat st;
    if (!locks_any(&local->shared->locks) || !os_stat_fd(fd, &st))
        return SALLY_OK;
    return locks_check_cut_slowly(&local->shared->locks,
                                  (struct lock_key){.device = st.device, .inode = st.inode},
                                  op->u.setstat.attrs->size, op);
}

sally_status local_setstat(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    sally_attrs changes;
    sally_attrs *attrs = &changes;
    sally_status first, status = check_changes(local, op->u.setstat.attrs, attrs, &first);
    if (status != SALLY_OK)
        return status;
    if (local_may_wait(local, op) || ((op->flags & SALLY_OP_TRY) && (attrs->valid & SLOW)))
        return SALLY_WOULD_BLOCK;

    /* Truncating a file needs a writable descriptor; everything else works with O_PATH. */
    bool cut = (attrs->valid & SALLY_ATTR_SIZE) != 0;
    int follow = op->u.setstat.flags & SALLY_FOLLOW ? 0 : O_NOFOLLOW;
    int fd =
        local_path_open(local, op, op->path, follow | (cut ? O_WRONLY | O_NONBLOCK : O_PATH), 0);
    if (fd < 0 || (cut && (status = check_cut(local, op, fd)) != SALLY_OK)) {
        note(&first, fd < 0 ? local_path_error(op) : status);
        attrs->valid &= ~(uint32_t)SALLY_ATTR_SIZE;
        if (fd < 0 && cut && attrs->valid && first != SALLY_WOULD_BLOCK)
            fd = local_path_open(local, op, op->path, follow | O_PATH, 0);
    }
    if (fd < 0)
        return first;
    status = change(local, op, fd, attrs, first);
    close(fd);
    return status;
}

sally_status local_fsetstat(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    sally_attrs changes;
    sally_attrs *attrs = &changes;
    sally_status first, status = check_changes(local_of(fs), op->u.setstat.attrs, attrs, &first);
    if (status != SALLY_OK)
        return status;
    if ((op->flags & SALLY_OP_TRY) && (file->medium != MEDIUM_MEMORY || (attrs->valid & SLOW)))
        return SALLY_WOULD_BLOCK;
    if ((attrs->valid & SALLY_ATTR_SIZE) && !file->dir)
        status = locks_check_io(&local_of(fs)->shared->locks, &file->holder, attrs->size,
                                UINT64_MAX, true, op);
    if (status != SALLY_OK) {
        note(&first, status);
        attrs->valid &= ~(uint32_t)SALLY_ATTR_SIZE;
    }
    return change(local_of(fs), op, file->fd, attrs, first);
}

sally_status local_statvfs(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct statvfs vfs;
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    const struct local_file *file = op->file ? sally_file_data(op->file, fs) : NULL;
    int fd = file ? file->fd : in_root_open(&local->where, op->path, O_PATH, 0);
    if (fd < 0)
        return local_error(errno);
    bool ok = fstatvfs(fd, &vfs) == 0;
    int error = errno;
    if (!file)
        close(fd);
    if (!ok)
        return local_error(error);
    op->u.statvfs = (sally_op_statvfs){
        .block_size = vfs.f_bsize,
        .fragment_size = vfs.f_frsize,
        .blocks = vfs.f_blocks,
        .blocks_free = vfs.f_bfree,
        .blocks_available = vfs.f_bavail,
        .files = vfs.f_files,
        .files_free = vfs.f_ffree,
        .files_available = vfs.f_favail,
        .fsid = vfs.f_fsid,
        .flags = (vfs.f_flag & ST_RDONLY ? 1u : 0u) | (vfs.f_flag & ST_NOSUID ? 2u : 0u),
        .name_max = vfs.f_namemax,
    };
    return SALLY_OK;
}
