/* WRITE and COPY: space is reserved before, and released if it was not needed. */
#include "fs/quota.h"
#include "sallyport/file.h"

static struct quota *quota_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

uint64_t quota_size_in(const sally_attrs *attrs)
{
    bool regular = !(attrs->valid & SALLY_ATTR_TYPE) || attrs->type == SALLY_TYPE_REGULAR;
    return regular && (attrs->valid & SALLY_ATTR_SIZE) ? attrs->size : 0;
}

/* A file that is measured after a failure. */
struct settling {
    struct quota_file *file;
    sally_status status; /* the failure */
};

static sally_status settled(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                            sally_status status, void *context)
{
    struct settling *s = context;
    const sally_attrs *attrs = &asked->u.stat.attrs;
    (void)op;
    if (status == SALLY_OK && (attrs->valid & SALLY_ATTR_SIZE))
        quota_measured(quota_of(fs), s->file, quota_size_in(attrs));
    return s->status;
}

/* The operation has ended. A failed one may have written something anyway. Without memory, or if
 * the thread must not wait, CLOSE measures it. */
sally_status quota_settle(sally_fs *fs, sally_op *op, sally_status status, sally_file *file,
                          struct quota_file *f)
{
    struct quota *q = quota_of(fs);
    quota_grown(q, f->inode, status == SALLY_OK);
    if (status == SALLY_OK || (op->flags & SALLY_OP_TRY) || !quota_must_measure(q, f))
        return status;
    struct settling *s = sally_op_alloc(op, sizeof(*s));
    if (!s)
        return status;
    s->file = f;
    s->status = status;
    const sally_inner_op own = {.struct_size = sizeof(own),
                                .kind = SALLY_OP_FSTAT,
                                .path = sally_file_path(file),
                                .file = file,
                                .u.stat.wanted = SALLY_ATTR_SIZE};
    return sally_fs_ask(fs, q->inner, op, &own, settled, s);
}

static sally_status written(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    return quota_settle(fs, op, status, op->file, context);
}

sally_status quota_write(sally_fs *fs, sally_op *op)
{
    struct quota *q = quota_of(fs);
    struct quota_file *f = sally_file_data(op->file, fs);
    uint64_t end, length = op->u.io.length;
    if (!f || length == 0 || __builtin_add_overflow(op->u.io.offset, length, &end))
        return sally_fs_call(fs, q->inner, op, NULL, NULL);
    uint64_t more = f->appends ? length : 0;
    if (!quota_grow(q, f->inode, f->appends ? 0 : end, more))
        return SALLY_QUOTA_EXCEEDED;
    f->written = true;
    sally_status status = sally_fs_call(fs, q->inner, op, written, f);
    if (status == SALLY_WOULD_BLOCK)
        quota_ungrow(q, f->inode,
                     more); /* what is not appended finds its room when it comes again */
    return status;
}

struct copying {
    struct quota_file *to;
    uint64_t length; /* as it was asked */
};

static sally_status copied(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct copying *c = context;
    op->u.copy.length = c->length;
    return quota_settle(fs, op, status, op->u.copy.to, c->to);
}

static sally_status copy_measured(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                  sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct copying *c = context;
    const sally_op_copy *copy = &op->u.copy;
    uint64_t size = quota_size_in(&asked->u.stat.attrs), end;
    uint64_t length = size > copy->from_offset ? size - copy->from_offset : 0;
    if (copy->length && copy->length < length)
        length = copy->length;
    /* By READ and WRITE, which are counted one by one. */
    if (status != SALLY_OK || length == 0 ||
        __builtin_add_overflow(copy->to_offset, length, &end) || end > INT64_MAX)
        return SALLY_UNSUPPORTED;
    if (!quota_grow(q, c->to->inode, end, 0))
        return SALLY_QUOTA_EXCEEDED;
    c->to->written = true;
    c->length = copy->length;
    op->u.copy.length = length;
    return sally_fs_call(fs, q->inner, op, copied, c);
}

sally_status quota_copy(sally_fs *fs, sally_op *op)
{
    struct quota *q = quota_of(fs);
    struct quota_file *to = sally_file_data(op->u.copy.to, fs);
    if (!to || to->appends)
        return SALLY_UNSUPPORTED;
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct copying *c = sally_op_alloc(op, sizeof(*c));
    if (!c)
        return SALLY_FAILURE;
    *c = (struct copying){.to = to};
    return wrap_ask_stat(fs, q->inner, op, NULL, 0, copy_measured, c);
}
