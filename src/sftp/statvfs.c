/* Free space: statvfs@openssh.com and fstatvfs@openssh.com of openssh-PROTOCOL section 4.4,
 * space-available of draft-galb-filexfer-extensions-00 section 4. */
#include "sftp/answers.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"

static bool answer_statvfs(struct sftp *s, struct op *op)
{
    const sally_op_statvfs *v = &op->pub.u.statvfs;
    if (op->pub.status != SALLY_OK)
        return answer_status(s, op);
    struct buf *b = reply_begin(s, SSH_FXP_EXTENDED_REPLY, op->request_id);
    const uint64_t values[] = {
        v->block_size,
        v->fragment_size,
        v->blocks,
        v->blocks_free,
        v->blocks_available,
        v->files,
        v->files_free,
        v->files_available,
        v->fsid,
        v->flags & (SSH_FXE_STATVFS_ST_RDONLY | SSH_FXE_STATVFS_ST_NOSUID),
        v->name_max,
    };
    for (size_t i = 0; i < COUNT_OF(values); i++)
        put_u64(b, values[i]);
    reply_end(s, op->request_id);
    return false;
}

sally_status ext_statvfs(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    struct op *op = request_begin(s, in, SALLY_OP_STATVFS, answer_statvfs);
    return op ? request_submit_or_drop(s, op, request_path(s, op, path)) : SALLY_FAILURE;
}

sally_status ext_fstatvfs(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE | HANDLE_DIRECTORY);
    if (!file)
        return SALLY_INVALID_HANDLE;
    struct op *op = request_begin(s, in, SALLY_OP_STATVFS, answer_statvfs);
    if (!op)
        return SALLY_FAILURE;
    if (file->facts.is_directory && !file->hooks_own) /* see requests_file.c */
        return request_submit_or_drop(s, op, op_set_raw_path(op, slice_of(file->path)));
    request_of(op)->file = file;
    return request_submit(s, op);
}

static uint64_t times(uint64_t count, uint64_t unit)
{
    return unit && count > UINT64_MAX / unit ? UINT64_MAX : count * unit;
}

static bool answer_space(struct sftp *s, struct op *op)
{
    const sally_op_statvfs *v = &op->pub.u.statvfs;
    if (op->pub.status != SALLY_OK)
        return answer_status(s, op);
    uint64_t unit = v->fragment_size ? v->fragment_size : v->block_size;
    uint64_t reserved =
        v->blocks_free > v->blocks_available ? v->blocks_free - v->blocks_available : 0;
    struct buf *b = reply_begin(s, SSH_FXP_EXTENDED_REPLY, op->request_id);
    put_u64(b, times(v->blocks, unit));
    put_u64(b, times(v->blocks_free, unit));
    put_u64(b, times(v->blocks > reserved ? v->blocks - reserved : 0, unit));
    put_u64(b, times(v->blocks_available, unit));
    put_u32(b, unit > UINT32_MAX ? 0 : (uint32_t)unit);
    reply_end(s, op->request_id);
    return false;
}

sally_status ext_space_available(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    struct op *op = request_begin(s, in, SALLY_OP_STATVFS, answer_space);
    if (!op)
        return SALLY_FAILURE;
    sally_status status = request_path(s, op, path);
    return request_submit_or_drop(s, op, status);
}
