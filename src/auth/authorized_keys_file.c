#include "auth/authorized_keys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        uint8_t *room = buf_reserve(out, 16384);
        if (!room)
            return false;
        ssize_t n = read(fd, room, 16384);
        if (n == 0)
            return true;
        if (n > 0)
            buf_commit(out, (size_t)n);
        else if (errno != EINTR)
            return false;
    }
}

bool authorized_keys_file_read(const char *path, struct buf *out, const char **reason)
{
    /* Links are followed: it is the operator who names the file, and secrets are often mounted
     * behind one. O_NONBLOCK: whoever puts a FIFO there shall not stop us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        *reason = errno == ENOENT ? "the file of authorized keys is missing"
                                  : "the file of authorized keys cannot be read";
        return false;
    }
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        *reason = "the file of authorized keys is not a regular file";
    else if (st.st_mode & (S_IWGRP | S_IWOTH))
        *reason = "others than its owner may write the file of authorized keys";
    else if (st.st_size > AUTHORIZED_KEYS_MAX_BYTES)
        *reason = "the file of authorized keys is too long";
    else if (!read_all(fd, out))
        *reason = "the file of authorized keys could not be read to its end";
    else
        *reason = NULL;
    close(fd);
    return *reason == NULL;
}
