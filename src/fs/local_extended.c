/* EXTENDED requests that only a storage on this machine's disk can answer: extended attributes, as
 * ProFTPD's mod_sftp has them, and where a file has data, as AsyncSSH has it. The library has taken
 * the path or the handle in front out of the data: it is op->path or op->file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "fs/local.h"
#include "os/xattr.h"

#define FLAG_CREATE  1u
#define FLAG_REPLACE 2u
#define MAX_RANGES   128u /* in one answer; the client asks again from there */
#define NAME_MAX_    255u

/* Confined users have the attributes that are users' own. The others mean something to the machine,
 * such as capabilities of programs. */
static bool is_allowed(const struct local *local, const char *name)
{
    return !local->where.confined || strncmp(name, "user.", 5) == 0;
}

static sally_status xattr_error(sally_op *op, int error)
{
    if (error != ENODATA)
        return local_error(error);
    sally_op_set_message(op, "No such attribute");
    return SALLY_NO_SUCH_FILE;
}

/* Makes what was built the answer. */
static sally_status reply(sally_op *op, struct buf *b)
{
    sally_op_extended *extended = &op->u.extended;
    uint8_t *copy = b->failed ? NULL : sally_op_alloc(op, b->size + 1);
    if (copy && b->size)
        memcpy(copy, buf_head(b), b->size);
    extended->reply = copy;
    extended->reply_size = copy ? b->size : 0;
    return copy ? SALLY_OK : SALLY_FAILURE;
}

/* The name of an attribute, in the operation's memory. */
static sally_status take_name(const struct local *local, sally_op *op, struct cursor *in,
                              char **name)
{
    struct slice raw = get_string(in);
    if (in->bad)
        return SALLY_BAD_MESSAGE;
    if (raw.size == 0 || raw.size > NAME_MAX_ || slice_has_nul(raw))
        return SALLY_INVALID_PARAMETER;
    *name = sally_op_alloc(op, raw.size + 1);
    if (!*name)
        return SALLY_FAILURE;
    memcpy(*name, raw.data, raw.size);
    (*name)[raw.size] = 0;
    return is_allowed(local, *name) ? SALLY_OK : SALLY_PERMISSION_DENIED;
}

/* Name, and the most bytes the client wants (0: whatever there are); the value as a string. */
static sally_status get(struct local *local, sally_op *op, int fd, struct cursor *in)
{
    char *name;
    sally_status status = take_name(local, op, in, &name);
    if (status != SALLY_OK)
        return status;
    uint32_t most = get_u32(in);
    if (in->bad)
        return SALLY_BAD_MESSAGE;
    size_t room = most && most < OS_XATTR_MAX ? most : OS_XATTR_MAX;
    struct buf b;
    buf_init(&b, OS_XATTR_MAX + 4);
    size_t place = put_string_begin(&b);
    uint8_t *value = buf_reserve(&b, room);
    ssize_t got = value ? os_xattr_get(fd, name, value, room) : 0;
    if (got < 0) {
        status = xattr_error(op, errno);
    } else {
        buf_commit(&b, (size_t)got);
        put_string_end(&b, place);
        status = reply(op, &b);
    }
    buf_clear(&b);
    return status;
}

/* Their number and the names, as strings. */
static sally_status list(struct local *local, sally_op *op, int fd, struct cursor *in)
{
    (void)in;
    char *names = sally_op_alloc(op, OS_XATTR_MAX);
    if (!names)
        return SALLY_FAILURE;
    ssize_t size = os_xattr_list(fd, names, OS_XATTR_MAX);
    if (size < 0)
        return xattr_error(op, errno);
    struct buf b;
    uint32_t count = 0;
    buf_init(&b, 6u * OS_XATTR_MAX);
    put_u32(&b, 0);
    for (const char *at = names; at < names + size; at += strlen(at) + 1) {
        if (!is_allowed(local, at))
            continue;
        put_text(&b, at);
        count++;
    }
    if (!b.failed)
        wire_put_u32(buf_head(&b), count);
    sally_status status = reply(op, &b);
    buf_clear(&b);
    return status;
}

/* Name, value, flags. */
static sally_status set(struct local *local, sally_op *op, int fd, struct cursor *in)
{
    char *name;
    sally_status status = take_name(local, op, in, &name);
    if (status != SALLY_OK)
        return status;
    struct slice value = get_string(in);
    uint32_t flags = get_u32(in);
    if (in->bad)
        return SALLY_BAD_MESSAGE;
    if (flags > FLAG_REPLACE || value.size > OS_XATTR_MAX)
        return SALLY_INVALID_PARAMETER;
    enum os_xattr_how how = flags == FLAG_CREATE    ? OS_XATTR_CREATE
                            : flags == FLAG_REPLACE ? OS_XATTR_REPLACE
                                                    : OS_XATTR_EITHER;
    return os_xattr_set(fd, name, value.data, value.size, how) ? SALLY_OK : xattr_error(op, errno);
}

static sally_status take_away(struct local *local, sally_op *op, int fd, struct cursor *in)
{
    char *name;
    sally_status status = take_name(local, op, in, &name);
    if (status != SALLY_OK)
        return status;
    return os_xattr_remove(fd, name) ? SALLY_OK : xattr_error(op, errno);
}

/* One stretch of data at or after `*at`; false: no more before `end`. */
static bool next_data(int fd, uint64_t *at, uint64_t end, uint64_t *data)
{
    off_t start = lseek(fd, (off_t)*at, SEEK_DATA);
    if (start < 0 && errno != ENXIO) { /* a file system that does not know: all of it */
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
        return false; /* cut off meanwhile */
    *data = (uint64_t)start;
    *at = (uint64_t)hole > end ? end : (uint64_t)hole;
    return true;
}

/* Offset and length; the stretches of data there, their number in front, and whether these were
 * all. EOF when there is none. */
static sally_status ranges(struct local *local, sally_op *op, int fd, struct cursor *in)
{
    (void)local;
    uint64_t at = get_u64(in), length = get_u64(in), data;
    if (in->bad)
        return SALLY_BAD_MESSAGE;
    if (at > INT64_MAX)
        return SALLY_EOF;
    uint64_t end = length < (uint64_t)INT64_MAX - at ? at + length : (uint64_t)INT64_MAX;
    uint32_t count = 0;
    bool more = false;
    struct buf b;
    buf_init(&b, 16 * MAX_RANGES + 5);
    put_u32(&b, 0);
    while (at < end && (more = next_data(fd, &at, end, &data)) && count < MAX_RANGES) {
        put_u64(&b, data);
        put_u64(&b, at - data);
        count++;
        more = false;
    }
    put_bool(&b, !more);
    if (!b.failed)
        wire_put_u32(buf_head(&b), count);
    sally_status status = count ? reply(op, &b) : SALLY_EOF;
    buf_clear(&b);
    return status;
}

static const struct extension {
    const char *name;
    bool on_handle;
    sally_status (*answer)(struct local *local, sally_op *op, int fd, struct cursor *in);
} extensions[] = {
    {"getxattr@proftpd.org", false, get},          {"fgetxattr@proftpd.org", true, get},
    {"listxattr@proftpd.org", false, list},        {"flistxattr@proftpd.org", true, list},
    {"setxattr@proftpd.org", false, set},          {"fsetxattr@proftpd.org", true, set},
    {"removexattr@proftpd.org", false, take_away}, {"fremovexattr@proftpd.org", true, take_away},
    {"ranges@asyncssh.com", true, ranges},
};

static sally_status on_handle(struct local *local, sally_op *op, const struct local_file *file,
                              const struct extension *e)
{
    struct cursor in = cursor_of(op->u.extended.data, op->u.extended.size);
    if (e->answer == ranges && !file->regular)
        return SALLY_INVALID_HANDLE;
    return e->answer(local, op, file->fd, &in);
}

/* As ProFTPD does it: of a symbolic link itself. */
static sally_status on_path(struct local *local, sally_op *op, const struct extension *e)
{
    struct cursor in = cursor_of(op->u.extended.data, op->u.extended.size);
    int fd = beneath_open(&local->where, op->path, O_PATH | O_NOFOLLOW, 0);
    if (fd < 0)
        return local_error(errno);
    sally_status status = e->answer(local, op, fd, &in);
    close(fd);
    return status;
}

sally_status local_extended(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        const struct extension *e = &extensions[i];
        if (strcmp(e->name, op->u.extended.name) != 0)
            continue;
        if (op->flags & SALLY_OP_TRY)
            return SALLY_WOULD_BLOCK;
        if (!e->on_handle)
            return on_path(local, op, e);
        const struct local_file *file = op->file ? sally_file_get(op->file, fs) : NULL;
        return file ? on_handle(local, op, file, e) : SALLY_INVALID_HANDLE;
    }
    return SALLY_UNSUPPORTED;
}

sally_status local_session_start(sally_fs *fs, sally_op *op)
{
    static const sally_pair known[] = {
        {.name = "xattr@proftpd.org", .data = "1", .size = 1},
        {.name = "ranges@asyncssh.com", .data = "1", .size = 1},
    };
    (void)fs;
    op->u.session.server = known;
    op->u.session.server_count = COUNT_OF(known);
    return SALLY_OK;
}
