/* LOCK and UNLOCK: kept in the storage's own table for all its users, and in the system for other
 * programs, which are only affected if they check. */
#include <errno.h>

#include "fs/local.h"
#include "os/file.h"

/* A range locked against reading must not be read by others; one locked against writing may be
 * read. */
static bool is_exclusive(const sally_op_lock *lock)
{
    return (lock->flags & SALLY_OPEN_BLOCK_READ) != 0;
}

/* What LOCK and UNLOCK have in common: OK when there is something to do now. */
static sally_status check(const struct local_file *file, const sally_op *op)
{
    if (file->dir || !file->regular)
        return SALLY_UNSUPPORTED;
    if ((op->flags & SALLY_OP_TRY) && file->medium == MEDIUM_UNKNOWN)
        return SALLY_WOULD_BLOCK; /* asks another machine */
    return SALLY_OK;
}

sally_status local_lock(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct local_file *file = sally_file_data(op->file, fs);
    const sally_op_lock *lock = &op->u.lock;
    sally_status status = check(file, op);
    if (status == SALLY_OK)
        status = locks_add(&local->shared->locks, &file->holder, lock, op);
    if (status != SALLY_OK)
        return status;
    if (os_lock_range(file->fd, lock->offset, lock->length, is_exclusive(lock)))
        return SALLY_OK;
    status =
        errno == EAGAIN || errno == EACCES ? SALLY_BYTE_RANGE_LOCK_REFUSED : local_error(errno);
    locks_remove(&local->shared->locks, &file->holder, lock);
    return status;
}

sally_status local_unlock(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    struct local_file *file = sally_file_data(op->file, fs);
    const sally_op_lock *lock = &op->u.lock;
    sally_status status = check(file, op);
    if (status != SALLY_OK)
        return status;
    if (!locks_has(&local->shared->locks, &file->holder, lock))
        return SALLY_NO_MATCHING_BYTE_RANGE_LOCK;
    /* First in the system: the next lock that the table grants must not be refused there. */
    os_unlock_range(file->fd, lock->offset, lock->length);
    return locks_remove(&local->shared->locks, &file->holder, lock);
}
