/* The storage in memory: READ, WRITE and FSYNC. */
#include <errno.h>

#include "fs/memory.h"

sally_status memory_read(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    const struct mem_handle *handle = sally_file_data(op->file, fs);
    sally_op_io *io = &op->u.io;
    if (!(handle->flags & SALLY_OPEN_READ))
        return sally_status_from_errno(EBADF);
    sally_status status =
        locks_check_io(&memory->locks, &handle->holder, io->offset, io->length, false, op);
    if (status != SALLY_OK)
        return status;
    pthread_rwlock_rdlock(&memory->lock);
    io->done = mem_data_read(&handle->node->u.data, io->offset, io->data, io->length);
    pthread_rwlock_unlock(&memory->lock);
    return io->done || !io->length ? SALLY_OK : SALLY_EOF;
}

/* APPEND_ATOMIC does not imply APPEND; here everything is atomic. */
static bool appends(const struct mem_handle *handle)
{
    return (handle->flags & (SALLY_OPEN_APPEND | SALLY_OPEN_APPEND_ATOMIC)) != 0;
}

sally_status memory_write(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    const struct mem_handle *handle = sally_file_data(op->file, fs);
    sally_op_io *io = &op->u.io;
    if (!(handle->flags & MEM_WRITES))
        return sally_status_from_errno(EBADF);
    pthread_rwlock_wrlock(&memory->lock);
    struct mem_data *data = &handle->node->u.data;
    uint64_t offset = appends(handle) ? data->size : io->offset;
    sally_status status =
        locks_check_io(&memory->locks, &handle->holder, offset, io->length, true, op);
    if (status == SALLY_OK) {
        status = sally_status_from_errno(
            mem_data_write(data, &memory->tree.budget, offset, io->data, io->length));
        mem_touch(handle->node);
    }
    pthread_rwlock_unlock(&memory->lock);
    if (status == SALLY_OK)
        io->done = io->length;
    return status;
}

sally_status memory_fsync(sally_fs *fs, sally_op *op)
{
    (void)fs;
    (void)op;
    return SALLY_OK; /* nothing to do in memory */
}
