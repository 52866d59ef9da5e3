#include "sftp/request_fields.h"

#include "base/utf8.h"
#include "core/path.h"
#include "sftp/attrs_codec.h"
#include "sftp/trailing_slash.h"

/* For a path that is being converted. */
#define MAX_NAME_ROOM (32 * (size_t)PATH_MAX_BYTES)

/* For clients that request undefined attributes, by which some mean "the usual ones": those that
 * every client can parse. */
#define USUAL_ATTRS                                                                                \
    (SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_IDS | SALLY_ATTR_NAMES |                       \
     SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS)

static void *alloc_from_op(void *user_data, size_t size)
{
    return sally_op_alloc(user_data, size);
}

static bool makes_something(const struct op *op)
{
    return op->pub.kind == SALLY_OP_MKDIR ||
           (op->pub.kind == SALLY_OP_OPEN && op->pub.u.open.flags & SALLY_OPEN_CREATE);
}

sally_status request_attrs(struct sftp *s, struct op *op, struct request_in *in,
                           const sally_attrs **out)
{
    const struct attrs_memory memory = {alloc_from_op, &op->pub};
    sally_attrs *attrs = sally_op_alloc(&op->pub, sizeof *attrs);
    if (!attrs)
        return SALLY_FAILURE;
    *out = attrs;
    sally_status status = attrs_get(&in->body, s->version, attrs, &memory);
    bool changes = op->pub.kind == SALLY_OP_SETSTAT || op->pub.kind == SALLY_OP_FSETSTAT;
    if (status == SALLY_OK && changes && attrs->valid & NEVER_SET)
        status = SALLY_INVALID_PARAMETER;
    attrs->valid &= ~(uint32_t)NEVER_SET;
    if (status == SALLY_OK && attrs->valid & SALLY_ATTR_ACL && makes_something(op) &&
        !(sally_fs_traits(sally_session_fs(s->session)) & SALLY_FS_ACL))
        status = SALLY_UNSUPPORTED; /* new files must not be more accessible than intended */
    return status;
}

bool request_is_exact(const struct sftp *s, sally_status status, const sally_attrs *attrs)
{
    return status == SALLY_OK && s->version > s->options.settings.umask_version &&
           attrs->valid & SALLY_ATTR_PERMISSIONS;
}

/* Most names need no conversion, and are not copied. */
static sally_status translate(const struct sftp *s, struct slice *name, struct buf *room)
{
    buf_init(room, MAX_NAME_ROOM);
    if (!s->naming.translates || !s->naming.charset || utf8_is_ascii(*name))
        return SALLY_OK;
    sally_status status = names_to_storage(&s->naming, *name, room);
    *name = buf_slice(room);
    return status;
}

sally_status request_path(struct sftp *s, struct op *op, struct slice raw)
{
    struct buf room;
    struct slice name = raw;
    if (trailing_slash_ends(raw))
        request_of(op)->before_submit = trailing_slash_look_first;
    sally_status status = translate(s, &name, &room);
    if (status == SALLY_OK)
        status = op_set_raw_path(op, name);
    buf_clear(&room);
    return status == SALLY_OK ? op_note_raw_path(op, raw) : status;
}

sally_status request_to(struct sftp *s, struct op *op, struct slice raw)
{
    struct buf room;
    struct slice name = raw;
    if (trailing_slash_ends(raw))
        request_of(op)->before_submit = trailing_slash_look_first;
    sally_status status = translate(s, &name, &room);
    if (status == SALLY_OK)
        status = op_set_raw_to(op, name);
    buf_clear(&room);
    return status == SALLY_OK ? op_note_raw_to(op, raw) : status;
}

sally_status request_text(struct sftp *s, struct op *op, struct slice raw, const char **out)
{
    struct buf room;
    if (slice_has_nul(raw))
        return SALLY_INVALID_FILENAME;
    sally_status status = translate(s, &raw, &room);
    if (status == SALLY_OK) {
        *out = op_copy_text(op, raw);
        status = *out ? SALLY_OK : SALLY_FAILURE;
    }
    buf_clear(&room);
    return status;
}

sally_status request_lost_handle(const struct sftp *s, struct request_in *in)
{
    in->message = sally_status_text(SALLY_INVALID_HANDLE);
    return s->version == 3 ? SALLY_NO_SUCH_FILE : SALLY_INVALID_HANDLE;
}

sally_file *request_file(const struct sftp *s, struct slice handle, uint32_t kinds)
{
    sally_file *file = handles_find(&s->handles, handle);
    if (!file || !(kinds & (file->facts.is_directory ? HANDLE_DIRECTORY : HANDLE_FILE)))
        return NULL;
    return file;
}

uint32_t request_stat_attrs(struct sftp *s, struct request_in *in)
{
    /* From version 4 on a mask follows; clients that omit it get everything, and an empty mask gets
     * what costs nothing. */
    if (s->version == 3 || cursor_left(&in->body) < 4)
        return s->all_attrs;
    uint32_t flags = get_u32(&in->body);
    if (!flags)
        return s->all_attrs & ~(uint32_t)(SALLY_ATTR_NAMES | SALLY_ATTR_ACL);
    if (flags != s->last_stat_flags) { /* clients always request the same */
        s->last_stat_flags = flags;
        s->last_stat_attrs =
            flags & ~attrs_known_flags(s->version) ? USUAL_ATTRS : attrs_of_wire(s->version, flags);
    }
    return s->last_stat_attrs;
}
