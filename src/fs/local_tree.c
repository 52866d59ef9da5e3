/* Names: removing, renaming, links, canonical paths. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "core/path.h"
#include "fs/local.h"
#include "os/rename.h"
#include "sallyport/session.h"

/* A name of what others may have reserved goes away; nothing to say about one that is not there.
 * Somebody may reserve it between this look and the act, as somebody outside may remove it anyway.
 */
static sally_status check_reserved(struct local *local, const struct beneath_place *place)
{
    struct os_stat st;
    if (!locks_any(&local->locks) || !os_stat_at(place->dir, place->name, &st))
        return SALLY_OK;
    return locks_check_delete_slowly(&local->locks,
                                     (struct lock_key){.device = st.device, .inode = st.inode});
}

sally_status local_remove(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct beneath_place place;
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    if (local_is_root(op->path))
        return SALLY_FILE_IS_A_DIRECTORY;
    if (!beneath_enter(&local->where, op->path, &place))
        return local_error(errno);
    sally_status status = check_reserved(local, &place);
    if (status == SALLY_OK && unlinkat(place.dir, place.name, 0) != 0)
        status = local_error(errno);
    beneath_leave(&place);
    return status;
}

/* Both ends of an operation with two paths. */
struct ends {
    struct beneath_place from, to;
};

static bool ends_enter(const struct local *local, const sally_op *op, struct ends *ends)
{
    if (!beneath_enter(&local->where, op->path, &ends->from))
        return false;
    if (beneath_enter(&local->where, op->u.rename.to, &ends->to))
        return true;
    beneath_leave(&ends->from);
    return false;
}

static void ends_leave(struct ends *ends)
{
    beneath_leave(&ends->from);
    beneath_leave(&ends->to);
}

static bool rename_now(const struct ends *at, bool overwrite)
{
    if (overwrite)
        return renameat(at->from.dir, at->from.name, at->to.dir, at->to.name) == 0;
    return os_rename_noreplace(at->from.dir, at->from.name, at->to.dir, at->to.name);
}

sally_status local_rename(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct ends at;
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    if (local_is_root(op->path) || local_is_root(op->u.rename.to))
        return SALLY_PERMISSION_DENIED;
    if (!ends_enter(local, op, &at))
        return local_error(errno);
    bool overwrite = (op->u.rename.flags & SALLY_RENAME_OVERWRITE) != 0;
    sally_status status = check_reserved(local, &at.from);
    if (status == SALLY_OK && overwrite)
        status = check_reserved(local, &at.to);
    if (status == SALLY_OK && !rename_now(&at, overwrite))
        status = local_error(errno);
    ends_leave(&at);
    return status;
}

sally_status local_link(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct ends at;
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    if (!ends_enter(local, op, &at))
        return local_error(errno);
    /* A symbolic link gets a second name itself: following it would be another look-up, and another
     * race. */
    sally_status status = linkat(at.from.dir, at.from.name, at.to.dir, at.to.name, 0) == 0
                              ? SALLY_OK
                              : local_error(errno);
    ends_leave(&at);
    return status;
}

sally_status local_symlink(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct beneath_place place;
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    if (!beneath_enter(&local->where, op->path, &place))
        return local_error(errno);
    sally_status status =
        symlinkat(op->u.symlink.target, place.dir, place.name) == 0 ? SALLY_OK : local_error(errno);
    beneath_leave(&place);
    return status;
}

sally_status local_readlink(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct beneath_place place;
    char text[PATH_MAX];
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    if (!beneath_enter(&local->where, op->path, &place))
        return local_error(errno);
    ssize_t size = readlinkat(place.dir, place.name, text, sizeof(text));
    int error = errno;
    beneath_leave(&place);
    if (size < 0)
        return local_error(error);
    if ((size_t)size == sizeof(text))
        return local_error(ENAMETOOLONG);
    text[size] = 0;
    return sally_op_set_result(op, text);
}

/* draft-ietf-secsh-filexfer-13 section 8.9: with NO_CHECK nothing has to exist. Older versions have
 * no such choice, and their clients know OpenSSH, where all but the last component must. */
static bool may_be_missing(const sally_op *op)
{
    return op->u.text.flags != SALLY_REALPATH_STAT_ALWAYS &&
           sally_session_version(op->session) >= 6;
}

sally_status local_realpath(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    struct buf path;
    int fd;
    buf_init(&path, PATH_MAX_BYTES + 1);
    if (!beneath_canonical(&local->where, op->path, &path, &fd)) {
        int error = errno;
        buf_clear(&path);
        return error == ENOENT && may_be_missing(op) ? sally_op_set_result(op, op->path)
                                                     : local_error(error);
    }

    struct os_stat st;
    sally_status status = SALLY_OK;
    if (fd < 0 && op->u.text.flags == SALLY_REALPATH_STAT_ALWAYS)
        status = SALLY_NO_SUCH_FILE;
    else if (fd >= 0 && op->u.text.flags != SALLY_REALPATH_NO_CHECK && os_stat_fd(fd, &st))
        local_attrs_of(&op->u.text.attrs, &st);
    if (fd >= 0)
        close(fd);
    if (status == SALLY_OK)
        status = sally_op_set_result(op, (const char *)buf_head(&path));
    buf_clear(&path);
    return status;
}
