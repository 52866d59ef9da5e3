/* Requests about files: OPEN, CLOSE and those with a file's handle. */
#include "sftp/requests_file.h"

#include "sftp/answers.h"
#include "sftp/open_flags.h"
#include "sftp/protocol.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"
#include "sftp/requests_dir.h"
#include "sftp/text.h"

/* ---- OPEN ---- */

static uint32_t access_of_flags(uint32_t flags)
{
    uint32_t access = 0;
    if (flags & SALLY_OPEN_READ)
        access |= ACE4_READ_DATA | ACE4_READ_ATTRIBUTES;
    if (flags & SALLY_OPEN_WRITE)
        access |= ACE4_WRITE_DATA | ACE4_WRITE_ATTRIBUTES;
    if (flags & SALLY_OPEN_APPEND)
        access |= ACE4_APPEND_DATA;
    return access;
}

/* TRUNC and APPEND imply WRITE; neither READ nor WRITE means READ, as with OpenSSH. */
static uint32_t complete(uint32_t flags)
{
    if (flags & (SALLY_OPEN_TRUNCATE | SALLY_OPEN_APPEND))
        flags |= SALLY_OPEN_WRITE;
    if (!(flags & (SALLY_OPEN_READ | SALLY_OPEN_WRITE)))
        flags |= SALLY_OPEN_READ;
    return flags;
}

static sally_status submit_open(struct sftp *s, struct request_in *in, struct slice path,
                                uint32_t flags, uint32_t access)
{
    bool full;
    struct op *op = request_begin(s, in, SALLY_OP_OPEN, answer_handle);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.open.flags = complete(flags);
    op->pub.u.open.desired_access = access ? access : access_of_flags(op->pub.u.open.flags);
    sally_status status = request_attrs(s, op, in, &op->pub.u.open.attrs);
    if (op->pub.u.open.flags & SALLY_OPEN_CREATE &&
        request_is_exact(s, status, op->pub.u.open.attrs))
        op->pub.u.open.flags |= SALLY_OPEN_EXACT_MODE;
    if (status == SALLY_OK)
        status = request_path(s, op, path);
    if (status == SALLY_OK) {
        status = handles_reserve(&s->handles, &full);
        if (full)
            in->message = request_too_many_files(s);
    }
    if (status == SALLY_OK) {
        request_of(op)->open_flags = op->pub.u.open.flags;
        engine_count_upload(s, op->pub.u.open.flags, 1);
    }
    return request_submit_or_drop(s, op, status);
}

/* Versions 3 and 4. The flags have the same values inside. */
sally_status handle_open(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    uint32_t flags = get_u32(&in->body);
    uint32_t known = SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_APPEND | SSH_FXF_CREAT | SSH_FXF_TRUNC |
                     SSH_FXF_EXCL;
    if (s->version >= 4)
        known |= SSH_FXF_TEXT;
    return submit_open(s, in, path, flags & known, 0);
}

/* clang-format off */
/* The permissions that a session needs for a right to be granted; reading and writing follow from
 * the flags. Whether the file allows it is found out by trying. */
static const struct {
    uint32_t access, permission;
} rights[] = {
    {ACE4_READ_ATTRIBUTES | ACE4_READ_NAMED_ATTRS | ACE4_READ_ACL,                        SALLY_MAY_STAT},
    {ACE4_WRITE_ATTRIBUTES | ACE4_WRITE_NAMED_ATTRS | ACE4_WRITE_ACL | ACE4_WRITE_OWNER, SALLY_MAY_SETSTAT},
    {ACE4_DELETE,                                                                         SALLY_MAY_REMOVE},
};
/* clang-format on */

/* Draft-13 section 8.1.1.2: what cannot be granted must be denied. */
static sally_status check_access(const struct sftp *s, uint32_t access)
{
    if (access & ~ACE4_EVERY)
        return SALLY_INVALID_PARAMETER;
    for (size_t i = 0; i < COUNT_OF(rights); i++)
        if (access & rights[i].access &&
            !(sally_session_permissions(s->session) & rights[i].permission))
            return SALLY_PERMISSION_DENIED;
    return SALLY_OK;
}

/* Versions 5 and 6: draft-13 section 8.1.1. */
sally_status handle_open_v5(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    uint32_t access = get_u32(&in->body);
    uint32_t wire = get_u32(&in->body), flags = 0;
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_status known = open_flags_of_wire(s->version, wire, &flags);
    if (known == SALLY_INVALID_PARAMETER)
        return known;
    sally_status status = check_access(s, access);
    if (status == SALLY_OK)
        status = known;
    if (status != SALLY_OK)
        return status;
    if (access & ACE4_READ_DATA)
        flags |= SALLY_OPEN_READ;
    if (access & (ACE4_WRITE_DATA | ACE4_APPEND_DATA))
        flags |= SALLY_OPEN_WRITE;
    return submit_open(s, in, path, flags, access);
}

/* ---- By handle ---- */

sally_status handle_close(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE | HANDLE_DIRECTORY);
    if (!file)
        return request_lost_handle(s, in);
    uint32_t kind = op_kind_to_close(file->facts.is_directory);
    struct op *op = request_begin(s, in, kind, answer_status);
    if (!op)
        return SALLY_FAILURE;
    if (kind == SALLY_OP_CLOSEDIR)
        read_ahead_drop(s, file);
    engine_count_upload(s, file->facts.is_directory ? 0 : file->facts.open_flags, -1);
    handles_remove(&s->handles, handle); /* even if it fails (draft-13 section 8.1.3) */
    request_of(op)->file = file;
    return request_submit(s, op);
}

static bool start_read(struct op *op)
{
    struct request *r = request_of(op);
    if (r->s->closing)
        return false;
    r->block = blocks_get(r->s->blocks, DATA_HEAD + (size_t)op->pub.u.io.length);
    if (!r->block)
        return false;
    op->pub.u.io.data = r->block->bytes + DATA_HEAD;
    return true;
}

sally_status handle_read(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    uint64_t offset = get_u64(&in->body);
    uint32_t length = get_u32(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE);
    if (!file)
        return SALLY_INVALID_HANDLE;
    if (!(file->facts.open_flags & SALLY_OPEN_READ))
        return SALLY_PERMISSION_DENIED;
    struct op *op = request_begin(s, in, SALLY_OP_READ, answer_data);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.io.offset = offset;
    op->pub.u.io.length =
        length < s->options.settings.max_read ? length : s->options.settings.max_read;
    op->reply_bytes = op->pub.u.io.length;
    op->on_start = start_read;
    request_of(op)->file = file;
    text_aim(s, op, file);
    uint32_t active = s->active;
    request_submit(s, op);
    s->reads_at_once = s->active == active;
    return SALLY_OK;
}

sally_status write_begin(struct sftp *s, struct request_in *in, const struct write_head *head,
                         struct op **out)
{
    if (!head->file)
        return SALLY_INVALID_HANDLE;
    if (!(head->file->facts.open_flags & SALLY_OPEN_WRITE))
        return SALLY_PERMISSION_DENIED;
    struct op *op = request_begin(s, in, SALLY_OP_WRITE, answer_status);
    if (!op)
        return SALLY_FAILURE;
    struct request *r = request_of(op);
    r->block = blocks_get(s->blocks, head->length);
    if (!r->block)
        return request_drop(op, SALLY_FAILURE);
    r->file = head->file;
    op->pub.u.io.offset = head->offset;
    op->pub.u.io.length = head->length;
    op->pub.u.io.data = r->block->bytes;
    op->reply_bytes = head->length;
    text_aim(s, op, head->file);
    *out = op;
    return SALLY_OK;
}

/* A WRITE that arrived in one piece; input.c takes care of the others. */
sally_status handle_write(struct sftp *s, struct request_in *in)
{
    struct op *op;
    struct slice handle = get_string(&in->body);
    struct write_head head = {.offset = get_u64(&in->body)};
    struct slice data = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    head.file = request_file(s, handle, HANDLE_FILE);
    head.length = (uint32_t)data.size;
    sally_status status = write_begin(s, in, &head, &op);
    if (status != SALLY_OK)
        return status;
    if (data.size)
        memcpy(op->pub.u.io.data, data.data, data.size);
    return request_submit(s, op);
}

/* Storages do not get directory handles in fstat and fsetstat: the path means the same. Hooks get
 * the handles of their own directories. */
static bool goes_by_path(const sally_file *file)
{
    return file->facts.is_directory && !file->hooks_own;
}

static sally_status aim(struct op *op, sally_file *file)
{
    if (!goes_by_path(file)) {
        request_of(op)->file = file;
        return SALLY_OK;
    }
    return op_set_raw_path(op, slice_of(file->path));
}

sally_status handle_fstat(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    uint32_t wanted = request_stat_attrs(s, in);
    sally_file *file = request_file(s, handle, HANDLE_FILE | HANDLE_DIRECTORY);
    if (!file)
        return SALLY_INVALID_HANDLE;
    bool by_path = goes_by_path(file);
    struct op *op = request_begin(s, in, by_path ? SALLY_OP_STAT : SALLY_OP_FSTAT, answer_attrs);
    if (!op)
        return SALLY_FAILURE;
    op->only_asks = true;
    op->pub.u.stat.wanted = wanted;
    op->pub.u.stat.flags = by_path ? SALLY_FOLLOW : 0;
    sally_status status = aim(op, file);
    return request_submit_or_drop(s, op, status);
}

sally_status handle_fsetstat(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE | HANDLE_DIRECTORY);
    uint32_t kind = file && goes_by_path(file) ? SALLY_OP_SETSTAT : SALLY_OP_FSETSTAT;
    struct op *op = request_begin(s, in, kind, answer_status);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.setstat.flags = kind == SALLY_OP_SETSTAT ? SALLY_FOLLOW : 0;
    sally_status status = request_attrs(s, op, in, &op->pub.u.setstat.attrs);
    if (status == SALLY_OK)
        status = file ? aim(op, file) : SALLY_INVALID_HANDLE;
    return request_submit_or_drop(s, op, status);
}

/* ---- Byte range locks: draft-13 section 8.8 ---- */

static sally_status submit_lock(struct sftp *s, struct request_in *in, uint32_t kind)
{
    struct slice handle = get_string(&in->body);
    uint64_t offset = get_u64(&in->body);
    uint64_t length = get_u64(&in->body);
    uint32_t wire = kind == SALLY_OP_LOCK ? get_u32(&in->body) : 0, flags = 0;
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE);
    if (!file)
        return SALLY_INVALID_HANDLE;
    flags = block_flags_of_wire(&wire);
    if (wire)
        return SALLY_INVALID_PARAMETER;
    struct op *op = request_begin(s, in, kind, answer_status);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.lock = (sally_op_lock){.offset = offset, .length = length, .flags = flags};
    request_of(op)->file = file;
    return request_submit(s, op);
}

sally_status handle_block(struct sftp *s, struct request_in *in)
{
    return submit_lock(s, in, SALLY_OP_LOCK);
}

sally_status handle_unblock(struct sftp *s, struct request_in *in)
{
    return submit_lock(s, in, SALLY_OP_UNLOCK);
}
