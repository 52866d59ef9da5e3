/* EXTENDED: attributes and stretches of data of files of this machine. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fs/extended.h"
#include "fs/local.h"

static int fd_of(const void *context)
{
    return *(const int *)context;
}

static ssize_t get(void *context, const char *name, void *value, size_t room)
{
    return os_xattr_get(fd_of(context), name, value, room);
}

static ssize_t list(void *context, char *names, size_t room)
{
    return os_xattr_list(fd_of(context), names, room);
}

static bool set(void *context, const char *name, const void *value, size_t size,
                enum os_xattr_how how)
{
    return os_xattr_set(fd_of(context), name, value, size, how);
}

static bool remove_one(void *context, const char *name)
{
    return os_xattr_remove(fd_of(context), name);
}

static bool next_data(void *context, uint64_t *at, uint64_t end, uint64_t *data)
{
    int fd = fd_of(context);
    off_t start = lseek(fd, (off_t)*at, SEEK_DATA);
    if (start < 0 && errno != ENXIO) { /* not supported by the file system: all of it */
        off_t size = lseek(fd, 0, SEEK_END);
        if (size <= (off_t)*at)
            return false;
        *data = *at;
        *at = (uint64_t)size < end ? (uint64_t)size : end;
        return true;
    }
    if (start < 0 || (uint64_t)start >= end)
        return false;
    off_t hole = lseek(fd, start, SEEK_HOLE);
    if (hole <= start)
        return false; /* truncated meanwhile */
    *data = (uint64_t)start;
    *at = (uint64_t)hole > end ? end : (uint64_t)hole;
    return true;
}

static sally_status answer(const struct local *local, sally_op *op, int fd)
{
    const struct extended_source source = {.context = &fd,
                                           .only_users = local->where.confined,
                                           .get = get,
                                           .list = list,
                                           .set = set,
                                           .remove = remove_one,
                                           .next_data = next_data};
    return extended_answer(op, &source);
}

static sally_status on_path(const struct local *local, sally_op *op)
{
    int fd = local_path_open(local, op, op->path, O_PATH | O_NOFOLLOW, 0);
    if (fd < 0)
        return local_error(errno);
    sally_status status = answer(local, op, fd);
    close(fd);
    return status;
}

sally_status local_extended(sally_fs *fs, sally_op *op)
{
    const struct local *local = local_of(fs);
    enum extended_on on = extended_on(op);
    if (on == EXTENDED_NOTHING)
        return SALLY_UNSUPPORTED;
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (on == EXTENDED_PATH)
        return on_path(local, op);
    const struct local_file *file = op->file ? sally_file_data(op->file, fs) : NULL;
    if (!file || (on == EXTENDED_REGULAR_FILE && !file->regular))
        return SALLY_INVALID_HANDLE;
    return answer(local, op, file->fd);
}
