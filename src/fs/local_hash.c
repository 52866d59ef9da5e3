/* HASH, of an open file or by path. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fs/local.h"

static sally_status read_some(void *context, uint64_t offset, void *data, size_t size, size_t *got)
{
    const int *fd = context;
    ssize_t n;
    do
        n = pread(*fd, data, size, (off_t)offset);
    while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    return n < 0 ? local_error(errno) : SALLY_OK;
}

/* `holder` is what the bytes are read as: it may have to respect others' locks. `fd` and `context`,
 * which is the same or begins with it, last until `end` is called. */
static sally_status answer(struct local *local, sally_op *op, int *fd,
                           const struct lock_holder *holder, void (*end)(void *context))
{
    const sally_op_hash *in = &op->u.hash;
    struct os_stat st;
    sally_status status = os_stat_fd(*fd, &st) ? SALLY_OK : local_error(errno);
    if (status == SALLY_OK)
        status = locks_check_io(&local->shared->locks, holder, in->offset,
                                in->length ? in->length : UINT64_MAX, false, op);
    if (status == SALLY_OK) {
        posix_fadvise(*fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        return digest_answer(&local->shared->digests, op, st.size, read_some, end, fd);
    }
    if (end)
        end(fd);
    return status;
}

/* A file that is open for one digest. In the operation's memory. */
struct open_path {
    int fd; /* must be first */
    struct local *local;
    struct lock_holder holder;
};

static void close_path(void *context)
{
    struct open_path *open = context;
    locks_leave(&open->local->shared->locks, &open->holder);
    close(open->fd);
}

static sally_status hash_by_path(struct local *local, sally_op *op)
{
    struct os_stat st;
    struct open_path *open = sally_op_alloc(op, sizeof *open);
    if (!open)
        return SALLY_FAILURE;
    open->local = local;
    open->fd = local_path_open(local, op, op->path, O_RDONLY | O_NONBLOCK, 0);
    if (open->fd < 0)
        return local_error(errno);
    lock_holder_init(&open->holder, op, SALLY_OPEN_READ, 0);
    sally_status status =
        os_stat_fd(open->fd, &st) ? local_check_type(local, op, st.mode) : local_error(errno);
    if (status == SALLY_OK)
        status = locks_enter(&local->shared->locks, &open->holder,
                             (struct lock_key){.device = st.device, .inode = st.inode}, op);
    if (status == SALLY_OK)
        return answer(local, op, &open->fd, &open->holder, close_path);
    close_path(open);
    return status;
}

sally_status local_hash(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (!op->file)
        return hash_by_path(local, op);
    struct local_file *file = sally_file_data(op->file, fs);
    return file->regular ? answer(local, op, &file->fd, &file->holder, NULL) : SALLY_FAILURE;
}
