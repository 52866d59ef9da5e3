/* COPY between two open files, in the kernel if possible. */
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/long_ops.h"
#include "fs/local.h"
#include "os/file.h"

#define SLICE_BYTES (4u * 1024 * 1024) /* between two checks for cancellation */
#define PIECE_BYTES (4u * SLICE_BYTES) /* between two turns of others */
#define HAND_BYTES  (256u * 1024)

/* In the operation's memory. */
struct copy_job {
    int from, to;
    uint64_t from_offset, to_offset;
    uint64_t left; /* UINT64_MAX: to the end of the file */
    uint64_t done;
    bool in_kernel;
    char *room; /* for copying by read and write */
};

static ssize_t copy_by_hand(struct copy_job *job, size_t size)
{
    if (!job->room && !(job->room = mem_alloc(HAND_BYTES))) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t got;
    do
        got = pread(job->from, job->room, size < HAND_BYTES ? size : HAND_BYTES,
                    (off_t)(job->from_offset + job->done));
    while (got < 0 && errno == EINTR);
    for (ssize_t put = 0; put < got;) {
        ssize_t n = pwrite(job->to, job->room + put, (size_t)(got - put),
                           (off_t)(job->to_offset + job->done + (uint64_t)put));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        put += n;
    }
    return got;
}

static ssize_t copy_slice(struct copy_job *job, size_t size)
{
    if (job->in_kernel) {
        ssize_t got = os_copy_range(job->from, job->from_offset + job->done, job->to,
                                    job->to_offset + job->done, size);
        if (got > 0 || (got < 0 && errno != EOPNOTSUPP))
            return got;
        job->in_kernel = false; /* 0 may be wrong: not every file system knows its files' sizes */
    }
    return copy_by_hand(job, size);
}

/* PENDING: there is more. */
static sally_status copy_piece(struct copy_job *job, const sally_op *op)
{
    uint64_t piece_end = job->done + PIECE_BYTES;
    while (job->left) {
        if (sally_op_cancelled(op))
            return SALLY_CONNECTION_LOST;
        if (job->done >= piece_end)
            return SALLY_PENDING;
        size_t size = job->left < SLICE_BYTES ? (size_t)job->left : SLICE_BYTES;
        ssize_t got = copy_slice(job, size);
        if (got < 0)
            return local_error(errno);
        if (got == 0)
            break;
        job->done += (uint64_t)got;
        if (job->left != UINT64_MAX)
            job->left -= (uint64_t)got;
    }
    return SALLY_OK;
}

static void resume(sally_op *op, void *context);

static sally_status go_on(struct copy_job *job, sally_op *op)
{
    sally_status status;
    do
        status = copy_piece(job, op);
    while (status == SALLY_PENDING && !op_resume_later(op, resume, job));
    if (status == SALLY_PENDING)
        return status;
    mem_free(job->room);
    op->u.copy.done = job->done;
    return status;
}

static void resume(sally_op *op, void *context)
{
    sally_status status = go_on(context, op);
    if (status != SALLY_PENDING)
        sally_op_finish(op, status);
}

/* draft-ietf-secsh-filexfer-extensions-00 section 7: overlapping ranges of one file are refused. */
static bool overlaps(const struct local_file *from, const struct local_file *to,
                     const sally_op_copy *copy)
{
    if (from->device != to->device || from->inode != to->inode)
        return false;
    if (to->append) /* at any offset, appended data would be read again */
        return true;
    uint64_t length = copy->length ? copy->length : UINT64_MAX;
    uint64_t low = copy->from_offset, high = copy->to_offset;
    if (low > high) {
        low = copy->to_offset;
        high = copy->from_offset;
    }
    /* Up to the end, an unbounded copy forward would chase its own tail. */
    return high - low < length;
}

sally_status local_copy(sally_fs *fs, sally_op *op)
{
    sally_op_copy *copy = &op->u.copy;
    const struct local_file *from = sally_file_data(op->file, fs);
    const struct local_file *to = sally_file_data(copy->to, fs);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (!from || !to || from->dir || to->dir)
        return SALLY_INVALID_HANDLE;
    /* A device may have no end, and the copy would never stop. */
    if (!from->regular)
        return SALLY_INVALID_PARAMETER;
    if (copy->from_offset > INT64_MAX || copy->to_offset > INT64_MAX ||
        copy->length > (uint64_t)INT64_MAX - copy->from_offset ||
        copy->length > (uint64_t)INT64_MAX - copy->to_offset || overlaps(from, to, copy))
        return SALLY_INVALID_PARAMETER;

    struct locks *locks = &local_of(fs)->shared->locks;
    sally_status status = locks_check_io(locks, &from->holder, copy->from_offset,
                                         copy->length ? copy->length : UINT64_MAX, false, op);
    if (status == SALLY_OK)
        status = locks_check_io(locks, &to->holder, to->append ? 0 : copy->to_offset,
                                copy->length && !to->append ? copy->length : UINT64_MAX, true, op);
    if (status != SALLY_OK)
        return status;

    struct copy_job *job = sally_op_alloc(op, sizeof *job);
    if (!job)
        return SALLY_FAILURE;
    *job = (struct copy_job){
        .from = from->fd,
        .to = to->fd,
        .from_offset = copy->from_offset,
        .to_offset = copy->to_offset,
        .left = copy->length ? copy->length : UINT64_MAX,
        .in_kernel = !to->append && to->regular,
    };
    return go_on(job, op);
}
