/* Names: creating directories, removing, renaming, links, canonical paths. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "fs/local.h"
#include "os/file.h"
#include "sallyport/session.h"

sally_status local_at_entry(sally_fs *fs, sally_op *op, local_entry_fn *act)
{
    struct local *local = local_of(fs);
    struct in_root_entry entry;
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    if (!local_path_enter(local, op, op->path, &entry))
        return local_path_error(op);
    sally_status status = act(local, op, &entry);
    in_root_entry_close(&entry);
    return status;
}

/* Of the directory just created, which is removed if its ACL cannot be set. */
static sally_status set_acl_of_new(struct local *local, sally_op *op,
                                   const struct in_root_entry *entry, const sally_attrs *attrs)
{
    int fd = openat(entry->dir, entry->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    sally_status status = fd < 0 ? local_error(errno) : local_acl_set(local, op, fd, attrs);
    if (fd >= 0)
        close(fd);
    if (status != SALLY_OK)
        unlinkat(entry->dir, entry->name, AT_REMOVEDIR);
    return status;
}

/* Regardless of the process's umask; inherited bits are kept. If this fails, the mode remains as
 * the system set it. */
static void make_mode_exact(const struct in_root_entry *entry, mode_t mode)
{
    struct os_stat st;
    int fd = openat(entry->dir, entry->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    if (os_stat_fd(fd, &st) && (st.mode & 07777) != (mode | (st.mode & S_ISGID)))
        os_change_mode(fd, mode | (st.mode & S_ISGID));
    close(fd);
}

static sally_status make_directory(struct local *local, sally_op *op,
                                   const struct in_root_entry *entry)
{
    const sally_attrs *attrs = op->u.setstat.attrs;
    bool restricted = false,
         with_acl = (attrs->valid & SALLY_ATTR_ACL & ~local->shared->ignored) != 0;
    mode_t mode = local_new_mode(local, attrs, 0777);
    sally_status status = SALLY_OK;
    if (with_acl)
        status = attrs->valid & local->shared->refused & SALLY_ATTR_ACL
                     ? SALLY_UNSUPPORTED
                     : local_acl_check(local, op, attrs, true, &restricted);
    if (status != SALLY_OK)
        return status;
    if (mkdirat(entry->dir, entry->name, restricted ? mode & ~(mode_t)077 : mode) != 0)
        return local_error(errno);
    if (with_acl)
        status = set_acl_of_new(local, op, entry, attrs);
    else if (op->u.setstat.flags & SALLY_EXACT_MODE)
        make_mode_exact(entry, mode);
    return status;
}

sally_status local_mkdir(sally_fs *fs, sally_op *op)
{
    if ((op->flags & SALLY_OP_TRY) && (op->u.setstat.attrs->valid & SALLY_ATTR_ACL))
        return SALLY_WOULD_BLOCK; /* it has names of users */
    return local_at_entry(fs, op, make_directory);
}

static sally_status remove_directory(struct local *local, sally_op *op,
                                     const struct in_root_entry *entry)
{
    (void)local;
    if (local_is_root(op->path))
        return SALLY_PERMISSION_DENIED;
    return local_result(unlinkat(entry->dir, entry->name, AT_REMOVEDIR));
}

sally_status local_rmdir(sally_fs *fs, sally_op *op)
{
    return local_at_entry(fs, op, remove_directory);
}

/* Before a name is removed: whether others have reserved the file; a missing one is fine. Another
 * session may reserve it after this check, just as another program may remove it anyway. */
static sally_status check_reserved(struct local *local, const struct in_root_entry *entry,
                                   sally_op *op)
{
    struct os_stat st;
    if (!locks_any(&local->shared->locks) || !os_stat_at(entry->dir, entry->name, &st))
        return SALLY_OK;
    return locks_check_delete_slowly(&local->shared->locks,
                                     (struct lock_key){.device = st.device, .inode = st.inode}, op);
}

static sally_status remove_file(struct local *local, sally_op *op,
                                const struct in_root_entry *entry)
{
    if (local_is_root(op->path))
        return SALLY_FILE_IS_A_DIRECTORY;
    sally_status status = check_reserved(local, entry, op);
    return status == SALLY_OK ? local_result(unlinkat(entry->dir, entry->name, 0)) : status;
}

sally_status local_remove(sally_fs *fs, sally_op *op)
{
    return local_at_entry(fs, op, remove_file);
}

/* The second path of an operation that has two; `act` gets both places. */
static sally_status with_other_end(struct local *local, sally_op *op,
                                   const struct in_root_entry *from,
                                   sally_status (*act)(struct local *local, sally_op *op,
                                                       const struct in_root_entry *from,
                                                       const struct in_root_entry *to))
{
    struct in_root_entry to;
    if (!local_path_enter(local, op, op->u.rename.to, &to))
        return local_path_error(op);
    sally_status status = act(local, op, from, &to);
    in_root_entry_close(&to);
    return status;
}

static sally_status rename_now(struct local *local, sally_op *op, const struct in_root_entry *from,
                               const struct in_root_entry *to)
{
    bool overwrite = (op->u.rename.flags & SALLY_RENAME_OVERWRITE) != 0;
    if (!in_root_may_move(&local->where, from))
        return SALLY_PERMISSION_DENIED;
    sally_status status = check_reserved(local, from, op);
    if (status == SALLY_OK && overwrite)
        status = check_reserved(local, to, op);
    if (status != SALLY_OK)
        return status;
    if (overwrite)
        return local_result(renameat(from->dir, from->name, to->dir, to->name));
    return os_rename_noreplace(from->dir, from->name, to->dir, to->name) ? SALLY_OK
                                                                         : local_error(errno);
}

static sally_status rename_entry(struct local *local, sally_op *op,
                                 const struct in_root_entry *entry)
{
    return with_other_end(local, op, entry, rename_now);
}

sally_status local_rename(sally_fs *fs, sally_op *op)
{
    if (local_is_root(op->path) || local_is_root(op->u.rename.to))
        return SALLY_PERMISSION_DENIED;
    return local_at_entry(fs, op, rename_entry);
}

/* The symbolic link itself gets a second name: following it would need another look-up, with
 * another race. */
static sally_status link_now(struct local *local, sally_op *op, const struct in_root_entry *from,
                             const struct in_root_entry *to)
{
    (void)local;
    (void)op;
    return local_result(linkat(from->dir, from->name, to->dir, to->name, 0));
}

static sally_status link_entry(struct local *local, sally_op *op, const struct in_root_entry *entry)
{
    return with_other_end(local, op, entry, link_now);
}

sally_status local_link(sally_fs *fs, sally_op *op)
{
    return local_at_entry(fs, op, link_entry);
}

static sally_status make_symlink(struct local *local, sally_op *op,
                                 const struct in_root_entry *entry)
{
    (void)local;
    return local_result(symlinkat(op->u.symlink.target, entry->dir, entry->name));
}

sally_status local_symlink(sally_fs *fs, sally_op *op)
{
    return local_at_entry(fs, op, make_symlink);
}

static sally_status read_symlink(struct local *local, sally_op *op,
                                 const struct in_root_entry *entry)
{
    char text[PATH_MAX];
    (void)local;
    ssize_t size = readlinkat(entry->dir, entry->name, text, sizeof(text));
    if (size < 0)
        return local_error(errno);
    if ((size_t)size == sizeof(text))
        return local_error(ENAMETOOLONG);
    text[size] = 0;
    return sally_op_set_result(op, text);
}

sally_status local_readlink(sally_fs *fs, sally_op *op)
{
    return local_at_entry(fs, op, read_symlink);
}

/* draft-ietf-secsh-filexfer-13 section 8.9: with NO_CHECK nothing has to exist. Older versions have
 * no such choice, and their clients expect OpenSSH's behaviour, where all but the last component
 * must exist. */
static bool may_be_missing(const sally_op *op)
{
    return op->u.text.flags != SALLY_REALPATH_STAT_ALWAYS &&
           sally_session_version(op->session) >= 6;
}

sally_status local_realpath(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    if (op->u.text.flags == SALLY_REALPATH_NO_CHECK)
        return sally_op_set_result(op, op->path);
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    struct buf path;
    int fd;
    buf_init(&path, PATH_MAX_BYTES + 1);
    const struct in_root where = local_where(local, op);
    if (!in_root_canonical(&where, op->path, &path, &fd)) {
        int error = errno;
        buf_clear(&path);
        if ((op->flags & SALLY_OP_TRY) && error == EXDEV)
            return SALLY_WOULD_BLOCK;
        return error == ENOENT && may_be_missing(op) ? sally_op_set_result(op, op->path)
                                                     : local_error(error);
    }

    struct os_stat st;
    sally_status status = SALLY_OK;
    if (fd < 0 && op->u.text.flags == SALLY_REALPATH_STAT_ALWAYS)
        status = SALLY_NO_SUCH_FILE;
    else if (fd >= 0 && os_stat_fd(fd, &st))
        local_attrs_of(&op->u.text.attrs, &st);
    if (fd >= 0)
        close(fd);
    if (status == SALLY_OK)
        status = sally_op_set_result(op, (const char *)buf_head(&path));
    buf_clear(&path);
    return status;
}
