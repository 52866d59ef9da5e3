/* OPEN and CLOSE. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "fs/local.h"
#include "os/file.h"
#include "sallyport/storages.h"

#define WRITES (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)

/* APPEND_ATOMIC does not imply APPEND: one write(2) at the end of a file never mixes with
 * another. */
static bool appends(uint32_t flags)
{
    return (flags & SALLY_OPEN_APPEND) ||
           ((flags & SALLY_OPEN_APPEND_ATOMIC) && (flags & SALLY_OPEN_WRITE));
}

static int system_flags(uint32_t flags)
{
    int got = O_NONBLOCK; /* otherwise a FIFO would wait for its other end */
    if (flags & WRITES)
        got |= flags & SALLY_OPEN_READ ? O_RDWR : O_WRONLY;
    if (appends(flags))
        got |= O_APPEND;
    if (flags & SALLY_OPEN_TRUNCATE)
        got |= O_TRUNC;
    if (flags & SALLY_OPEN_CREATE)
        got |= O_CREAT | (flags & SALLY_OPEN_EXCLUSIVE ? O_EXCL : 0);
    if (flags & SALLY_OPEN_NOFOLLOW)
        got |= O_NOFOLLOW;
    return got;
}

#define MAX_CREATE_TRIES 8 /* others may create and remove the file meanwhile */

/* As open_now(), for a file that gets an ACL if it is created. `restricted`: no one else may open
 * it before. */
static int open_or_make(const struct local *local, const sally_op *op, int flags, bool restricted,
                        bool *made)
{
    mode_t mode = local_new_mode(local, op->u.open.attrs, 0666);
    int fd = -1;
    errno = ENOENT;
    for (int i = 0; i < MAX_CREATE_TRIES && fd < 0 && errno == ENOENT; i++) {
        fd = local_path_open(local, op, op->path, flags | O_CREAT | O_EXCL,
                             restricted ? mode & ~(mode_t)077 : mode);
        *made = fd >= 0;
        if (fd < 0 && errno == EEXIST && !(flags & O_EXCL))
            fd = local_path_open(local, op, op->path, flags & ~O_CREAT, 0);
    }
    return fd;
}

static int open_now(const struct local *local, const sally_op *op, uint32_t less)
{
    const sally_op_open *how = &op->u.open;
    int flags = system_flags(how->flags & ~less);
    if (!local_may_wait(local, op))
        return local_path_open_first(local, op, flags, local_new_mode(local, how->attrs, 0666));
    if (how->flags & (WRITES | SALLY_OPEN_CREATE)) {
        errno = EAGAIN;
        return -1;
    }
    const struct in_root where = local_where(local, op);
    return in_root_open_cached(&where, op->path, flags);
}

/* What was opened is a thing to read and write. Devices are the machine's, not a confined user's.
 */
bool local_may_open_type(const struct local *local, uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || (S_ISCHR(mode) && !local->where.confined);
}

sally_status local_check_type(const struct local *local, sally_op *op, uint32_t mode)
{
    if (S_ISDIR(mode))
        return SALLY_FILE_IS_A_DIRECTORY;
    if (local_may_open_type(local, mode))
        return SALLY_OK;
    sally_op_set_message(op, "Not a regular file");
    return SALLY_FAILURE;
}

static sally_status cut(struct local *local, struct local_file *file, sally_op *op)
{
    sally_status status =
        locks_check_io(&local->shared->locks, &file->holder, 0, UINT64_MAX, true, op);
    if (status == SALLY_OK && ftruncate(file->fd, 0) != 0)
        status = local_error(errno);
    return status;
}

/* Only if it has not been replaced; the time between check and removal cannot be avoided. */
static sally_status delete_name(const struct local *local, const sally_op *op, const char *path,
                                uint64_t device, uint64_t inode)
{
    struct in_root_entry entry;
    struct os_stat st;
    if (!local_path_enter(local, op, path, &entry))
        return local_error(errno);
    sally_status status = SALLY_OK;
    if (os_stat_at(entry.dir, entry.name, &st) && st.device == device && st.inode == inode &&
        unlinkat(entry.dir, entry.name, 0) != 0)
        status = local_error(errno);
    in_root_entry_close(&entry);
    return status;
}

/* Draft-13 section 8.1.1.4: the ACL is for a new file, and ignored for an existing one. */
static sally_status open_with_acl(struct local *local, sally_op *op, uint32_t less,
                                  struct local_file *file)
{
    const sally_attrs *attrs = op->u.open.attrs;
    bool restricted, made = false;
    struct os_stat st;
    sally_status status = local_acl_check(local, op, attrs, false, &restricted);
    if (status != SALLY_OK)
        return status;
    file->fd = open_or_make(local, op, system_flags(op->u.open.flags & ~less), restricted, &made);
    if (file->fd < 0 || !made)
        return SALLY_OK; /* see errno */
    status = local_acl_set(local, op, file->fd, attrs);
    if (status != SALLY_OK && os_stat_fd(file->fd, &st))
        delete_name(local, op, op->path, st.device, st.inode); /* it never existed */
    return status;
}

/* Regardless of the process's umask; if this fails, the mode remains as the system set it. */
static void open_exactly(const struct local *local, const sally_op *op, uint32_t less,
                         struct local_file *file)
{
    bool made = false;
    struct os_stat st;
    mode_t mode = local_new_mode(local, op->u.open.attrs, 0666);
    file->fd = open_or_make(local, op, system_flags(op->u.open.flags & ~less), false, &made);
    if (made && os_stat_fd(file->fd, &st) && (st.mode & 07777) != mode)
        os_change_mode(file->fd, mode);
}

static bool is_exact(const sally_op *op)
{
    const uint32_t both = SALLY_OPEN_CREATE | SALLY_OPEN_EXACT_MODE;
    return (op->u.open.flags & both) == both;
}

static bool wants_acl(const struct local *local, const sally_op *op)
{
    return (op->u.open.flags & SALLY_OPEN_CREATE) &&
           (op->u.open.attrs->valid & SALLY_ATTR_ACL & ~local->shared->ignored);
}

/* As the kernel does at the first write, except for root: data from a client must not become a
 * set-user-id program. */
static void drop_set_id(const struct local *local, const struct local_file *file, uint32_t mode)
{
    if ((mode & (S_ISUID | S_ISGID)) && !local_may_set_id(local))
        os_change_mode(file->fd, mode & 01777);
}

static sally_status open_into(struct local *local, sally_op *op, struct local_file *file)
{
    const sally_op_open *how = &op->u.open;
    sally_status status = SALLY_OK;
    /* A reserved file is not truncated. */
    bool late = (how->flags & SALLY_OPEN_TRUNCATE) &&
                ((how->flags & LOCKS_BLOCKS) || locks_any(&local->shared->locks));
    uint32_t less = late ? SALLY_OPEN_TRUNCATE : 0;
    if (!wants_acl(local, op) && !is_exact(op))
        file->fd = open_now(local, op, less);
    else if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK; /* it takes several calls, and an ACL has names of users */
    else if (!wants_acl(local, op))
        open_exactly(local, op, less, file);
    else if (how->attrs->valid & local->shared->refused & SALLY_ATTR_ACL)
        return SALLY_UNSUPPORTED;
    else
        status = open_with_acl(local, op, less, file);
    if (status != SALLY_OK)
        return status;
    if (file->fd < 0) {
        if ((op->flags & SALLY_OP_TRY) && errno == EAGAIN)
            return SALLY_WOULD_BLOCK;
        return local_path_error(op);
    }
    struct os_stat st;
    if (!os_stat_fd(file->fd, &st))
        return local_error(errno);
    if (!local_path_check(local, file->fd, st.device, &file->medium))
        return local_error(errno);
    status = local_check_type(local, op, st.mode);
    if (status != SALLY_OK)
        return status;
    file->regular = S_ISREG(st.mode);
    file->append = appends(how->flags);
    file->device = st.device;
    file->inode = st.inode;
    /* O_NONBLOCK has no effect on regular files. */
    if (!file->regular && fcntl(file->fd, F_SETFL, file->append ? O_APPEND : 0) != 0)
        return local_error(errno);
    lock_holder_init(&file->holder, op, how->flags, how->desired_access);
    status = locks_enter(&local->shared->locks, &file->holder,
                         (struct lock_key){.device = st.device, .inode = st.inode}, op);
    if (status == SALLY_OK && late && file->regular)
        status = cut(local, file, op);
    if (status == SALLY_OK && file->regular && (how->flags & WRITES))
        drop_set_id(local, file, st.mode);
    return status;
}

static void file_free(struct local *local, struct local_file *file)
{
    locks_leave(&local->shared->locks, &file->holder);
    if (file->fd >= 0)
        close(file->fd);
    mem_free(file->delete_path);
    mem_free(file);
}

sally_status local_open(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    uint32_t flags = op->u.open.flags;
    if ((flags & SALLY_OPEN_TRUNCATE) && !(flags & WRITES))
        return SALLY_INVALID_PARAMETER; /* Linux would do it nevertheless */
    if ((flags & LOCKS_BLOCKS) && (local->shared->flags & SALLY_LOCAL_NO_LOCKS))
        return SALLY_UNSUPPORTED;

    struct local_file *file = mem_zalloc(sizeof(*file));
    if (!file)
        return SALLY_FAILURE;
    file->fd = -1;
    sally_status status = SALLY_OK;
    if (flags & SALLY_OPEN_DELETE_ON_CLOSE) {
        file->delete_path = mem_strdup(op->path);
        if (!file->delete_path)
            status = SALLY_FAILURE;
    }
    if (status == SALLY_OK)
        status = open_into(local, op, file);
    if (status == SALLY_OK && sally_file_set_data(op->file, fs, file, NULL) != SALLY_E_OK)
        status = SALLY_FAILURE;
    if (status != SALLY_OK)
        file_free(local, file);
    else
        sally_file_set_identity(op->file, file->device, file->inode);
    return status;
}

sally_status local_close(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    if ((op->flags & SALLY_OP_TRY) && file->medium == MEDIUM_UNKNOWN)
        return SALLY_WOULD_BLOCK; /* it may write cached data over the network */
    if ((op->flags & SALLY_OP_TRY) && file->delete_path)
        return SALLY_WOULD_BLOCK;

    sally_status status = SALLY_OK;
    if (file->delete_path)
        status = delete_name(local_of(fs), op, file->delete_path, file->device, file->inode);
    /* On Linux the descriptor is closed even after EINTR. Other errors mean lost writes. */
    if (close(file->fd) != 0 && errno != EINTR)
        status = local_error(errno);
    file->fd = -1;
    file_free(local_of(fs), file);
    sally_file_set_data(op->file, fs, NULL, NULL);
    return status;
}
