/* READ, WRITE and FSYNC. */
#include <errno.h>
#include <unistd.h>

#include "fs/local.h"
#include "os/file.h"

/* Whether a range fits into the system's offsets. */
static bool countable(uint64_t offset, uint32_t length)
{
    return offset <= (uint64_t)INT64_MAX - length;
}

/* Without waiting; the caller has the thread of many connections. */
static sally_status read_cached(struct local_file *file, sally_op_io *io)
{
    if (!file->regular || atomic_load_explicit(&file->never_cached, memory_order_relaxed))
        return SALLY_WOULD_BLOCK;
    ssize_t got = os_read_cached(file->fd, io->data, io->length, io->offset);
    if (got < 0) {
        if (errno == EOPNOTSUPP)
            atomic_store_explicit(&file->never_cached, true, memory_order_relaxed);
        return errno == EAGAIN || errno == EOPNOTSUPP ? SALLY_WOULD_BLOCK : local_error(errno);
    }
    if ((size_t)got < io->length) { /* either the end of the file or of what is cached */
        struct os_stat st;
        if (file->medium != MEDIUM_DISK || !os_stat_fd(file->fd, &st) ||
            io->offset + (uint64_t)got < st.size)
            return SALLY_WOULD_BLOCK;
    }
    io->done = (uint32_t)got;
    return got ? SALLY_OK : SALLY_EOF;
}

sally_status local_read(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    sally_op_io *io = &op->u.io;
    if (!countable(io->offset, io->length))
        return SALLY_EOF;
    sally_status status = locks_check_io(&local_of(fs)->shared->locks, &file->holder, io->offset,
                                         io->length, false, op);
    if (status != SALLY_OK)
        return status;
    if ((op->flags & SALLY_OP_TRY) && (file->medium != MEDIUM_MEMORY || !file->regular))
        return read_cached(file, io);

    uint32_t done = 0;
    while (done < io->length) {
        ssize_t got =
            pread(file->fd, (char *)io->data + done, io->length - done, (off_t)(io->offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && done == 0)
            return local_error(errno);
        if (got <= 0)
            break;
        done += (uint32_t)got;
        if (!file->regular)
            break; /* a device has no more data */
    }
    io->done = done;
    return done || !io->length ? SALLY_OK : SALLY_EOF;
}

/* A write goes to memory first, but waits if too much is not on disk yet, which cannot be known in
 * advance. */
static bool write_may_wait(const struct local_file *file)
{
    return file->medium != MEDIUM_MEMORY || !file->regular;
}

static sally_status check_locks(struct local *local, const struct local_file *file, sally_op *op)
{
    const sally_op_io *io = &op->u.io;
    struct os_stat st;
    uint64_t offset = io->offset;
    if (file->append && locks_any(&local->shared->locks) && os_stat_fd(file->fd, &st))
        offset = st.size;
    return locks_check_io(&local->shared->locks, &file->holder, offset, io->length, true, op);
}

sally_status local_write(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    sally_op_io *io = &op->u.io;
    if ((op->flags & SALLY_OP_TRY) && write_may_wait(file))
        return SALLY_WOULD_BLOCK;
    uint64_t offset = file->append ? 0 : io->offset; /* with O_APPEND the offset is ignored */
    if (!countable(offset, io->length))
        return local_error(EFBIG);
    sally_status status = check_locks(local_of(fs), file, op);
    if (status != SALLY_OK)
        return status;

    io->done = 0;
    while (io->done < io->length) {
        ssize_t put = pwrite(file->fd, (const char *)io->data + io->done, io->length - io->done,
                             (off_t)(offset + io->done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return local_error(put < 0 ? errno : EIO);
        io->done += (uint32_t)put;
    }
    return SALLY_OK;
}

sally_status local_fsync(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    if ((op->flags & SALLY_OP_TRY) && file->medium != MEDIUM_MEMORY)
        return SALLY_WOULD_BLOCK;
    return fsync(file->fd) == 0 ? SALLY_OK : local_error(errno);
}
