#include "fs/extended.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/mem.h"

#define FLAG_CREATE  1u
#define FLAG_REPLACE 2u
#define MAX_RANGES   128u /* in one reply; the client continues from there */
#define NAME_MAX_    255u

static sally_status xattr_error(sally_op *op, int error)
{
    sally_status status = sally_status_from_errno(error);
    if (error != ENODATA)
        return status == SALLY_OK ? SALLY_FAILURE : status;
    sally_op_set_message(op, "No such attribute");
    return SALLY_NO_SUCH_FILE;
}

/* Sets the built data as the reply. */
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

static bool is_allowed(const struct extended_source *source, const char *name)
{
    return !source->only_users || strncmp(name, "user.", 5) == 0;
}

/* The name of an attribute, in the operation's memory. */
static sally_status read_name(sally_op *op, const struct extended_source *source, struct cursor *in,
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
    return is_allowed(source, *name) ? SALLY_OK : SALLY_PERMISSION_DENIED;
}

/* Name, and the most bytes the client wants (0: all); the value as a string. */
static sally_status get(sally_op *op, const struct extended_source *source, struct cursor *in)
{
    char *name;
    sally_status status = read_name(op, source, in, &name);
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
    ssize_t got = value ? source->get(source->context, name, value, room) : 0;
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
static sally_status list(sally_op *op, const struct extended_source *source, struct cursor *in)
{
    (void)in;
    char *names = sally_op_alloc(op, OS_XATTR_MAX);
    if (!names)
        return SALLY_FAILURE;
    ssize_t size = source->list(source->context, names, OS_XATTR_MAX);
    if (size < 0)
        return xattr_error(op, errno);
    struct buf b;
    uint32_t count = 0;
    buf_init(&b, 6u * OS_XATTR_MAX);
    put_u32(&b, 0);
    for (const char *at = names; at < names + size; at += strlen(at) + 1) {
        if (!is_allowed(source, at))
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
static sally_status set(sally_op *op, const struct extended_source *source, struct cursor *in)
{
    char *name;
    sally_status status = read_name(op, source, in, &name);
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
    return source->set(source->context, name, value.data, value.size, how) ? SALLY_OK
                                                                           : xattr_error(op, errno);
}

static sally_status remove_named(sally_op *op, const struct extended_source *source,
                                 struct cursor *in)
{
    char *name;
    sally_status status = read_name(op, source, in, &name);
    if (status != SALLY_OK)
        return status;
    return source->remove(source->context, name) ? SALLY_OK : xattr_error(op, errno);
}

/* Offset and length; the stretches of data there, their number in front, and whether these were
 * all. EOF when there is none. */
static sally_status ranges(sally_op *op, const struct extended_source *source, struct cursor *in)
{
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
    while (at < end && (more = source->next_data(source->context, &at, end, &data)) &&
           count < MAX_RANGES) {
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
    sally_status (*answer)(sally_op *op, const struct extended_source *source, struct cursor *in);
} extensions[] = {
    {"getxattr@proftpd.org", false, get},
    {"fgetxattr@proftpd.org", true, get},
    {"listxattr@proftpd.org", false, list},
    {"flistxattr@proftpd.org", true, list},
    {"setxattr@proftpd.org", false, set},
    {"fsetxattr@proftpd.org", true, set},
    {"removexattr@proftpd.org", false, remove_named},
    {"fremovexattr@proftpd.org", true, remove_named},
    {"ranges@asyncssh.com", true, ranges},
};

static const struct extension *find(const sally_op *op)
{
    for (size_t i = 0; i < COUNT_OF(extensions); i++)
        if (strcmp(extensions[i].name, op->u.extended.name) == 0)
            return &extensions[i];
    return NULL;
}

enum extended_on extended_on(const sally_op *op)
{
    const struct extension *e = find(op);
    if (!e)
        return EXTENDED_NOTHING;
    if (e->answer == ranges)
        return EXTENDED_REGULAR_FILE;
    return e->on_handle ? EXTENDED_HANDLE : EXTENDED_PATH;
}

bool extended_changes(const sally_op *op)
{
    const struct extension *e = find(op);
    return e && (e->answer == set || e->answer == remove_named);
}

sally_status extended_answer(sally_op *op, const struct extended_source *source)
{
    struct cursor in = cursor_of(op->u.extended.data, op->u.extended.size);
    const struct extension *e = find(op);
    return e ? e->answer(op, source, &in) : SALLY_UNSUPPORTED;
}

sally_status extended_session_start(sally_fs *fs, sally_op *op)
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
