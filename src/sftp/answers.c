/* From a finished operation to its reply. */
#include "sftp/answers.h"

#include "core/path.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"

/* Data up to this size is copied to the small replies rather than sent in its own chunk. */
#define SMALL_DATA 2048u

bool answer_status(struct sftp *s, struct op *op)
{
    if (op->pub.status == SALLY_UNKNOWN_PRINCIPAL && op->unknown)
        reply_unknown(s, op->request_id, op->message, op->unknown);
    else
        reply_status(s, op->request_id, op->pub.status, op->message);
    return false;
}

/* Built on the stack: an open file must not lose its handle because memory is short. */
bool answer_handle(struct sftp *s, struct op *op)
{
    uint8_t bytes[HANDLE_HEAD + HANDLE_SIZE];
    if (op->pub.status != SALLY_OK) {
        handles_unreserve(&s->handles);
        engine_count_upload(s, request_of(op)->open_flags, -1);
        return answer_status(s, op);
    }
    wire_put_u32(bytes, sizeof bytes - 4);
    bytes[4] = SSH_FXP_HANDLE;
    wire_put_u32(bytes + 5, op->request_id);
    wire_put_u32(bytes + 9, HANDLE_SIZE);
    handles_add(&s->handles, op->pub.file, bytes + HANDLE_HEAD);
    reply_copy(s, bytes, sizeof bytes);
    return false;
}

bool answer_data(struct sftp *s, struct op *op)
{
    struct request *r = request_of(op);
    const sally_op_io *io = &op->pub.u.io;
    bool good = op->pub.status == SALLY_OK || (op->pub.status == SALLY_EOF && r->block);
    uint32_t done = good && io->done <= io->length ? io->done : 0;
    if (!good || (done == 0 && io->length != 0)) {
        reply_status(s, op->request_id, op->pub.status == SALLY_OK ? SALLY_EOF : op->pub.status,
                     op->message);
        return false;
    }
    /* A READ of length 0 gets an empty reply, as with OpenSSH. */
    uint8_t *head = r->block->bytes;
    wire_put_u32(head, DATA_HEAD - 4 + done);
    head[4] = SSH_FXP_DATA;
    wire_put_u32(head + 5, op->request_id);
    wire_put_u32(head + 9, done);
    if (done <= SMALL_DATA) {
        reply_copy(s, head, DATA_HEAD + (size_t)done);
        return false;
    }
    struct block *block = r->block;
    r->block = NULL;
    block->op = op;
    reply_chunk(s, block, DATA_HEAD + (size_t)done);
    return true;
}

/* From version 4 on, clients select attributes, so expensive ones are included. */
bool answer_attrs(struct sftp *s, struct op *op)
{
    sally_op_stat *stat = &op->pub.u.stat;
    if (op->pub.status != SALLY_OK)
        return answer_status(s, op);
    if (s->version > 3) {
        attrs_hide(&stat->attrs, path_last(op->pub.path));
        stat->attrs.valid &= stat->wanted | SALLY_ATTR_TYPE;
    }
    attrs_put(reply_begin(s, SSH_FXP_ATTRS, op->request_id), s->version, &stat->attrs);
    reply_end(s, op->request_id);
    return false;
}

bool answer_text(struct sftp *s, struct op *op)
{
    const sally_op_text *text = &op->pub.u.text;
    if (op->pub.status != SALLY_OK)
        return answer_status(s, op);
    const char *result = text->result;
    if (!result && op->pub.kind == SALLY_OP_REALPATH)
        result = op->pub.path;
    if (result)
        reply_one_name(s, op->request_id, result, &text->attrs);
    else
        reply_status(s, op->request_id, SALLY_FAILURE, NULL);
    return false;
}
