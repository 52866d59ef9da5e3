/* The size as an attribute: SETSTAT and FSETSTAT. */
#include "fs/quota.h"
#include "sallyport/file.h"

struct resizing {
    struct quota_inode *inode; /* NULL: the file is not open to be changed */
    struct quota_file *file;   /* NULL: by its path */
    uint64_t size;             /* as it will be */
    uint64_t before, more;     /* of a file that is not open */
    sally_attrs others;        /* without the size */
    const sally_attrs *asked;
    sally_status status;
    struct real_path real;
};

static struct quota *quota_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static sally_status others_set(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct resizing *r = context;
    (void)fs;
    op->u.setstat.attrs = r->asked;
    return status == SALLY_OK ? SALLY_QUOTA_EXCEEDED : status;
}

/* Attributes are set one by one: the failure of one does not stop the others. */
static sally_status set_others(sally_fs *fs, sally_op *op, struct resizing *r)
{
    r->asked = op->u.setstat.attrs;
    r->others = *r->asked;
    r->others.valid &= ~(uint32_t)SALLY_ATTR_SIZE;
    if (r->others.valid == 0)
        return SALLY_QUOTA_EXCEEDED;
    op->u.setstat.attrs = &r->others;
    return sally_fs_call(fs, quota_of(fs)->inner, op, others_set, r);
}

/* Of a file that is open to be changed. */

static sally_status resized(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct resizing *r = context;
    if (status != SALLY_OK && r->file)
        return quota_settle(fs, op, status, op->file, r->file);
    quota_grown(q, r->inode, status == SALLY_OK);
    if (status == SALLY_OK)
        quota_cut(q, r->inode, r->size);
    if (!r->file)
        quota_inode_release(q, r->inode);
    return status;
}

static sally_status resize_open(sally_fs *fs, sally_op *op, struct resizing *r)
{
    struct quota *q = quota_of(fs);
    if (quota_grow(q, r->inode, r->size, 0)) {
        if (r->file)
            r->file->written = true;
        return sally_fs_call(fs, q->inner, op, resized, r);
    }
    if (!r->file)
        quota_inode_release(q, r->inode);
    return set_others(fs, op, r);
}

/* Of one that is not. */

static sally_status measured(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                             sally_status status, void *context)
{
    struct resizing *r = context;
    uint64_t size = quota_size_in(&asked->u.stat.attrs);
    (void)op;
    if (status != SALLY_OK || size > r->before + r->more)
        size = r->before; /* as if nothing had happened */
    quota_release(quota_of(fs), r->before + r->more - size, 0);
    return r->status;
}

static sally_status look(sally_fs *fs, sally_op *op, struct resizing *r, sally_ask_done_fn *then)
{
    bool by_file = op->kind == SALLY_OP_FSETSTAT;
    return wrap_ask_stat(fs, quota_of(fs)->inner, op, by_file ? NULL : op->path,
                         by_file ? 0 : op->u.setstat.flags & SALLY_FOLLOW, then, r);
}

static sally_status resized_closed(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct resizing *r = context;
    r->status = status;
    if (status != SALLY_OK)
        return look(fs, op, r, measured);
    if (r->size < r->before)
        quota_release(quota_of(fs), r->before - r->size, 0);
    return status;
}

static sally_status resize_closed(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                  sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct resizing *r = context;
    if (status == SALLY_FAILURE)
        return status; /* memory is short: it could not be counted */
    if (status == SALLY_OK)
        r->inode = quota_find_same(q, &asked->u.stat.attrs);
    if (r->inode)
        return resize_open(fs, op, r);
    r->before = status == SALLY_OK ? quota_size_in(&asked->u.stat.attrs) : r->size;
    r->more = r->size > r->before ? r->size - r->before : 0;
    if (!quota_reserve(q, r->more, 0))
        return set_others(fs, op, r);
    return sally_fs_call(fs, q->inner, op, resized_closed, r);
}

static sally_status located(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct resizing *r = context;
    (void)status;
    r->inode = quota_find(quota_of(fs), r->real.path);
    return r->inode ? resize_open(fs, op, r) : look(fs, op, r, resize_closed);
}

sally_status quota_resize(sally_fs *fs, sally_op *op)
{
    struct quota *q = quota_of(fs);
    if (!(op->u.setstat.attrs->valid & SALLY_ATTR_SIZE))
        return sally_fs_call(fs, q->inner, op, NULL, NULL);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct resizing *r = sally_op_alloc(op, sizeof(*r));
    if (!r)
        return SALLY_FAILURE;
    *r = (struct resizing){.size = op->u.setstat.attrs->size};
    r->file = op->kind == SALLY_OP_FSETSTAT ? sally_file_data(op->file, fs) : NULL;
    if (r->file) {
        r->inode = r->file->inode;
        return resize_open(fs, op, r);
    }
    if (!quota_any_open(q))
        return look(fs, op, r, resize_closed);
    return quota_locate(fs, op, &r->real, op->path, true, located, r);
}
