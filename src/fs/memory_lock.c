/* The storage in memory: LOCK and UNLOCK. */
#include "fs/memory.h"

sally_status memory_lock(sally_fs *fs, sally_op *op)
{
    struct mem_handle *handle = sally_file_data(op->file, fs);
    if (!handle->holder.entered)
        return SALLY_UNSUPPORTED; /* a directory */
    return locks_add(&memory_of(fs)->locks, &handle->holder, &op->u.lock, op);
}

sally_status memory_unlock(sally_fs *fs, sally_op *op)
{
    struct mem_handle *handle = sally_file_data(op->file, fs);
    if (!handle->holder.entered)
        return SALLY_UNSUPPORTED;
    return locks_remove(&memory_of(fs)->locks, &handle->holder, &op->u.lock);
}
