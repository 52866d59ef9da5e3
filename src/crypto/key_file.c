/* Private keys in files: the one place of this folder that touches the file system. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/private_key.h"

/* Anyone who can read a host key can impersonate the server; anyone who can write it can replace
 * it. A server that does not run as root may be given root's file by its group. */
static bool is_private(const struct stat *st)
{
    uid_t self = geteuid();
    mode_t others = st->st_uid == 0 && self != 0 ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    return (st->st_uid == self || st->st_uid == 0) && (st->st_mode & others) == 0;
}

/* Not blocking: a FIFO is refused, not waited for. */
sally_error key_file_read(const char *path, bool is_secret, struct buf *out)
{
    struct stat st;
    sally_error error = SALLY_E_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return SALLY_E_SYSTEM;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        error = SALLY_E_SYSTEM;
    } else if (is_secret && !is_private(&st)) {
        error = SALLY_E_INSECURE;
    }
    while (!error) {
        uint8_t *room = buf_reserve(out, 4096);
        if (!room) {
            error = out->size + 4096 > out->max ? SALLY_E_PARSE : SALLY_E_NO_MEMORY;
            break;
        }
        ssize_t got = read(fd, room, 4096);
        if (got == 0)
            break;
        if (got > 0)
            buf_commit(out, (size_t)got);
        else if (errno != EINTR)
            error = SALLY_E_SYSTEM;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return error;
}

sally_error sally_key_load(sally_key **out, const char *path, const char *passphrase)
{
    *out = NULL;
    struct buf text;
    buf_init_secret(&text, KEY_PRIVATE_MAX);
    sally_error error = key_file_read(path, true, &text);
    if (!error)
        error = sally_key_parse(out, buf_head(&text), text.size, passphrase);
    int saved = errno;
    buf_clear(&text);
    errno = saved;
    return error;
}

static bool write_all(int fd, struct slice data)
{
    struct cursor in = cursor_of_slice(data);
    while (cursor_left(&in) > 0) {
        ssize_t done = write(fd, cursor_rest(&in).data, cursor_left(&in));
        if (done > 0)
            get_bytes(&in, (size_t)done);
        else if (done == 0 || errno != EINTR)
            return false;
    }
    return true;
}

/* Creates a new file, never overwriting an existing one or following a link; no incomplete file
 * remains. */
static sally_error write_file(const char *path, struct slice data)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return errno == EEXIST ? SALLY_E_EXISTS : SALLY_E_SYSTEM;
    bool ok = fchmod(fd, 0600) == 0 && write_all(fd, data) && fsync(fd) == 0;
    int saved = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        saved = errno;
    }
    if (!ok)
        unlink(path);
    errno = saved;
    return ok ? SALLY_E_OK : SALLY_E_SYSTEM;
}

sally_error sally_key_save(const sally_key *key, const char *path, const char *comment)
{
    struct buf text;
    buf_init_secret(&text, 2 * KEY_PRIVATE_MAX);
    sally_error error = openssh_key_build(key, comment ? comment : "", &text);
    if (!error)
        error = write_file(path, buf_slice(&text));
    int saved = errno;
    buf_clear(&text);
    errno = saved;
    return error;
}
