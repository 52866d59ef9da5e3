/* Digests of files: check-file-handle and check-file-name of draft-galb-filexfer-extensions-00
 * section 3, md5-hash and md5-hash-handle of draft-05 section 8.1. The storage does the work. */

#include "sftp/answers.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"

#define LEAST_BLOCK 256u  /* 0: one digest of everything */
#define QUICK_BYTES 2048u /* range of md5-hash's quick check */
#define MD5_SIZE    16u

/* The subject of the request: an open file or a path. Draft-galb: it must be open for reading. */
static sally_status aim(struct sftp *s, struct op *op, struct slice what, bool by_handle)
{
    if (!by_handle)
        return request_path(s, op, what);
    sally_file *file = request_file(s, what, HANDLE_FILE);
    if (!file)
        return SALLY_INVALID_HANDLE;
    if (!(file->facts.open_flags & SALLY_OPEN_READ))
        return SALLY_PERMISSION_DENIED;
    request_of(op)->file = file;
    return SALLY_OK;
}

static bool is_answered(const sally_op_hash *h)
{
    return h->algorithm && (h->digests || h->digests_size == 0);
}

static bool answer_check(struct sftp *s, struct op *op)
{
    const sally_op_hash *h = &op->pub.u.hash;
    if (op->pub.status != SALLY_OK)
        return answer_status(s, op);
    if (!is_answered(h)) {
        reply_status(s, op->request_id, SALLY_FAILURE, NULL);
        return false;
    }
    struct buf *b = reply_begin(s, SSH_FXP_EXTENDED_REPLY, op->request_id);
    put_text(b, "check-file");
    put_text(b, h->algorithm);
    put_bytes(b, h->digests, h->digests_size);
    reply_end(s, op->request_id);
    return false;
}

static sally_status check_file(struct sftp *s, struct request_in *in, bool by_handle)
{
    struct slice what = get_string(&in->body);
    struct slice algorithms = get_string(&in->body);
    sally_op_hash h = {.offset = get_u64(&in->body)};
    h.length = get_u64(&in->body);
    h.block_size = get_u32(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if ((h.block_size && h.block_size < LEAST_BLOCK) || h.length > UINT64_MAX - h.offset)
        return SALLY_INVALID_PARAMETER;
    if (slice_has_nul(algorithms))
        return SALLY_INVALID_PARAMETER;
    struct op *op = request_begin(s, in, SALLY_OP_HASH, answer_check);
    if (!op)
        return SALLY_FAILURE;
    h.algorithms = op_copy_text(op, algorithms);
    op->pub.u.hash = h;
    return request_submit_or_drop(s, op,
                                  h.algorithms ? aim(s, op, what, by_handle) : SALLY_FAILURE);
}

sally_status ext_check_file_handle(struct sftp *s, struct request_in *in)
{
    return check_file(s, in, true);
}

sally_status ext_check_file_name(struct sftp *s, struct request_in *in)
{
    return check_file(s, in, false);
}

/* ---- md5-hash ---- */

struct md5 {
    uint64_t offset, length;
    uint8_t quick[MD5_SIZE]; /* of the first bytes, from the client */
};

static void reply_md5(struct sftp *s, uint32_t id, const void *digest, size_t size)
{
    struct buf *b = reply_begin(s, SSH_FXP_EXTENDED_REPLY, id);
    put_text(b, "md5-hash");
    put_string(b, digest, size);
    reply_end(s, id);
}

static bool is_md5(const sally_op_hash *h)
{
    return h->digests && h->digests_size == MD5_SIZE;
}

static bool answer_md5(struct sftp *s, struct op *op)
{
    const sally_op_hash *h = &op->pub.u.hash;
    if (op->pub.status != SALLY_OK)
        return answer_status(s, op);
    if (is_md5(h))
        reply_md5(s, op->request_id, h->digests, MD5_SIZE);
    else
        reply_status(s, op->request_id, SALLY_FAILURE, NULL);
    return false;
}

/* The whole range is only hashed if its start matches the client's. */
static bool answer_quick(struct sftp *s, struct op *op)
{
    const sally_op_hash *h = &op->pub.u.hash;
    if (op->pub.status != SALLY_OK || !is_md5(h))
        return answer_md5(s, op);
    const struct md5 *md5 = request_of(op)->plan;
    if (memcmp(h->digests, md5->quick, MD5_SIZE) != 0) {
        reply_md5(s, op->request_id, NULL, 0);
        return false;
    }
    sally_file *file = request_of(op)->file;
    struct op *next = request_continue(op, SALLY_OP_HASH, answer_md5);
    sally_status status = SALLY_OK;
    if (next) {
        next->pub.u.hash =
            (sally_op_hash){.algorithms = "md5", .offset = md5->offset, .length = md5->length};
        request_of(next)->file = file;
        status = file ? SALLY_OK : op_set_raw_path(next, slice_of(op->pub.path));
    }
    request_submit_next(s, next, op, status);
    return false;
}

static sally_status md5_hash(struct sftp *s, struct request_in *in, bool by_handle)
{
    struct slice what = get_string(&in->body);
    struct md5 md5 = {.offset = get_u64(&in->body)};
    md5.length = get_u64(&in->body);
    struct slice quick = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if ((quick.size && quick.size != MD5_SIZE) || md5.length > UINT64_MAX - md5.offset)
        return SALLY_INVALID_PARAMETER;
    struct op *op = request_begin(s, in, SALLY_OP_HASH, quick.size ? answer_quick : answer_md5);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.hash =
        (sally_op_hash){.algorithms = "md5", .offset = md5.offset, .length = md5.length};
    sally_status status = aim(s, op, what, by_handle);
    if (quick.size && status == SALLY_OK) {
        struct md5 *plan = mem_alloc(sizeof *plan);
        if (!plan)
            return request_drop(op, SALLY_FAILURE);
        memcpy(md5.quick, quick.data, MD5_SIZE);
        *plan = md5;
        request_of(op)->plan = plan;
        request_exclusive(op);
        if (md5.length == 0 || md5.length > QUICK_BYTES)
            op->pub.u.hash.length = QUICK_BYTES;
    }
    return request_submit_or_drop(s, op, status);
}

sally_status ext_md5_hash_handle(struct sftp *s, struct request_in *in)
{
    return md5_hash(s, in, true);
}

sally_status ext_md5_hash(struct sftp *s, struct request_in *in)
{
    return md5_hash(s, in, false);
}
