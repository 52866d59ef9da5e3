/* Files that are descriptors, for the program's own storages. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sallyport/file.h"
#include "sallyport/posix.h"

static sally_status failure(void)
{
    return errno ? sally_status_from_errno(errno) : SALLY_FAILURE;
}

/* The pointer in the file is one more than the descriptor: none is NULL. */
int sally_fd_of(const sally_fs *fs, const sally_op *op)
{
    return (int)(intptr_t)sally_file_data(op->file, fs) - 1;
}

int sally_fd_flags(const sally_op *op)
{
    static const struct {
        uint32_t asked;
        int flag;
    } all[] = {
        {SALLY_OPEN_APPEND, O_APPEND},  {SALLY_OPEN_APPEND_ATOMIC, O_APPEND},
        {SALLY_OPEN_CREATE, O_CREAT},   {SALLY_OPEN_TRUNCATE, O_TRUNC},
        {SALLY_OPEN_EXCLUSIVE, O_EXCL}, {SALLY_OPEN_NOFOLLOW, O_NOFOLLOW},
    };
    uint32_t asked = op->u.open.flags;
    bool writes = asked & (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND);
    int flags = !writes ? O_RDONLY : asked & SALLY_OPEN_READ ? O_RDWR : O_WRONLY;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        flags |= asked & all[i].asked ? all[i].flag : 0;
    return flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
}

uint32_t sally_fd_mode(const sally_op *op, uint32_t otherwise)
{
    const sally_attrs *attrs = op->kind == SALLY_OP_MKDIR ? op->u.setstat.attrs : op->u.open.attrs;
    return (attrs && attrs->valid & SALLY_ATTR_PERMISSIONS ? attrs->permissions : otherwise) & 0777;
}

sally_status sally_fd_open(sally_fs *fs, sally_op *op, int fd)
{
    struct stat st;
    if (fd < 0)
        return failure();
    sally_status status = fstat(fd, &st) == 0 ? SALLY_OK : failure();
    if (status == SALLY_OK && S_ISDIR(st.st_mode))
        status = SALLY_FILE_IS_A_DIRECTORY;
    if (status == SALLY_OK && sally_file_set_data(op->file, fs, (void *)((intptr_t)fd + 1), NULL))
        status = SALLY_FAILURE;
    if (status == SALLY_OK)
        sally_file_set_identity(op->file, st.st_dev, st.st_ino);
    else
        close(fd);
    return status;
}

sally_status sally_fd_read(sally_fs *fs, sally_op *op)
{
    int fd = sally_fd_of(fs, op);
    sally_op_io *io = &op->u.io;
    io->done = 0;
    if (io->offset > INT64_MAX - UINT32_MAX)
        return SALLY_EOF;
    while (io->done < io->length) {
        ssize_t n = pread(fd, (char *)io->data + io->done, io->length - io->done,
                          (off_t)(io->offset + io->done));
        if (n == 0 || (n < 0 && errno != EINTR && io->done))
            break;
        if (n > 0)
            io->done += (uint32_t)n;
        else if (errno != EINTR)
            return failure();
    }
    return io->done || !io->length ? SALLY_OK : SALLY_EOF;
}

sally_status sally_fd_write(sally_fs *fs, sally_op *op)
{
    int fd = sally_fd_of(fs, op);
    sally_op_io *io = &op->u.io;
    io->done = 0;
    if (io->offset > INT64_MAX - UINT32_MAX)
        return sally_status_from_errno(EFBIG);
    while (io->done < io->length) {
        ssize_t n = pwrite(fd, (const char *)io->data + io->done, io->length - io->done,
                           (off_t)(io->offset + io->done));
        if (n > 0)
            io->done += (uint32_t)n;
        else if (n == 0 || errno != EINTR)
            return n == 0 ? SALLY_FAILURE : failure();
    }
    return SALLY_OK;
}

sally_status sally_fd_fsync(sally_fs *fs, sally_op *op)
{
    return fsync(sally_fd_of(fs, op)) == 0 ? SALLY_OK : failure();
}

sally_status sally_fd_fstat(sally_fs *fs, sally_op *op)
{
    struct stat st;
    if (fstat(sally_fd_of(fs, op), &st) != 0)
        return failure();
    sally_attrs_from_stat(&op->u.stat.attrs, &st);
    return SALLY_OK;
}

sally_status sally_fd_fsetstat(sally_fs *fs, sally_op *op)
{
    sally_attrs attrs = *op->u.setstat.attrs;
    attrs.permissions &= 01777;
    return sally_attrs_apply_fd(sally_fd_of(fs, op), &attrs);
}

sally_status sally_fd_close(sally_fs *fs, sally_op *op)
{
    int fd = sally_fd_of(fs, op);
    sally_file_set_data(op->file, fs, NULL, NULL);
    /* Linux has closed it even after EINTR. */
    return fd < 0 || close(fd) == 0 || errno == EINTR ? SALLY_OK : failure();
}
