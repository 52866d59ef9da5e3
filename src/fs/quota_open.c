/* OPEN and CLOSE. */
#include <string.h>

#include "core/op_kinds.h"
#include "fs/quota.h"
#include "sallyport/file.h"

#define WRITES  (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)
#define CHANGES (WRITES | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE | SALLY_OPEN_DELETE_ON_CLOSE)

static struct quota *quota_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static bool is_missing(sally_status status)
{
    return status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH;
}

/* OPEN: checks whether it exists, opens it, and measures its previous size. */

struct quota_opening {
    struct quota_file *file;
    bool creates;
    uint64_t size; /* before */
    struct real_path real;
};

static sally_status joined(sally_fs *fs, sally_op *op, struct quota_opening *o)
{
    struct quota *q = quota_of(fs);
    bool truncates = (op->u.open.flags & SALLY_OPEN_TRUNCATE) != 0;
    if (quota_file_join(q, o->file, op->file, o->size) && o->creates)
        quota_release(q, 0, 1); /* another session has made it */
    if (truncates)
        quota_cut(q, o->file->inode, 0);
    o->file->written = o->creates || truncates;
    o->file->appends = (op->u.open.flags & SALLY_OPEN_APPEND) != 0;
    o->file->delete_on_close = (op->u.open.flags & SALLY_OPEN_DELETE_ON_CLOSE) != 0;
    if (sally_file_set_data(op->file, fs, o->file, NULL) == SALLY_E_OK)
        return SALLY_OK;
    quota_file_leave(q, o->file);
    return SALLY_FAILURE;
}

/* Memory is short: what it needs could not be counted. */
static sally_status given_up(struct quota_opening *o, sally_status status)
{
    quota_file_free(o->file);
    return status;
}

static sally_status measured_first(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                   sally_status status, void *context)
{
    struct quota_opening *o = context;
    if (status == SALLY_FAILURE)
        return given_up(o, status);
    if (status == SALLY_OK)
        o->size = quota_size_in(&asked->u.stat.attrs);
    return joined(fs, op, o);
}

static sally_status located(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct quota_opening *o = context;
    (void)status;
    if (strcmp(o->real.path, op->path) != 0) {
        mem_free(o->file->path);
        o->file->path = mem_strdup(o->real.path); /* without memory: not known */
    }
    bool known =
        o->creates || (op->u.open.flags & SALLY_OPEN_TRUNCATE) || quota_file_is_shared(q, op->file);
    return known ? joined(fs, op, o) : wrap_ask_stat(fs, q->inner, op, NULL, 0, measured_first, o);
}

static sally_status opened(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota_opening *o = context;
    if (status == SALLY_OK)
        return quota_locate(fs, op, &o->real, op->path, true, located, o);
    quota_release(quota_of(fs), 0, o->creates);
    quota_file_free(o->file);
    return status;
}

static sally_status looked(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                           sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct quota_opening *o = context;
    if (status == SALLY_FAILURE)
        return given_up(o, status);
    o->creates = is_missing(status) && (op->u.open.flags & SALLY_OPEN_CREATE);
    if (status == SALLY_OK)
        o->size = quota_size_in(&asked->u.stat.attrs);
    if (o->creates && !quota_reserve(q, 0, 1)) {
        quota_file_free(o->file);
        return SALLY_QUOTA_EXCEEDED;
    }
    return sally_fs_call(fs, q->inner, op, opened, o);
}

sally_status quota_open(sally_fs *fs, sally_op *op)
{
    struct quota *q = quota_of(fs);
    uint32_t flags = op->u.open.flags;
    if (!(flags & CHANGES))
        return sally_fs_call(fs, q->inner, op, NULL, NULL);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct quota_opening *o = sally_op_alloc(op, sizeof(*o));
    struct quota_file *file = o ? quota_file_new(op->path) : NULL;
    if (!file)
        return SALLY_FAILURE;
    *o = (struct quota_opening){.file = file};
    if (!(flags & (SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE)))
        return sally_fs_call(fs, q->inner, op, opened, o);
    bool follows = !(flags & (SALLY_OPEN_NOFOLLOW | SALLY_OPEN_EXCLUSIVE));
    return wrap_ask_stat(fs, q->inner, op, op->path, follows ? SALLY_FOLLOW : 0, looked, o);
}

/* CLOSE: the size is measured again, so that no error remains. */

static sally_status left(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota_file *f = context;
    (void)op;
    quota_file_leave(quota_of(fs), f);
    return status;
}

static sally_status looked_after(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                 sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct quota_file *f = context;
    const sally_attrs *attrs = &asked->u.stat.attrs;
    const sally_attrs last = {.valid = SALLY_ATTR_LINK_COUNT, .link_count = f->link_count};
    if (is_missing(status))
        quota_removed(q, f->last_path, f->inode, &last);
    else if (status == SALLY_OK && f->status != SALLY_OK && (attrs->valid & SALLY_ATTR_SIZE))
        quota_measured(q, f, quota_size_in(attrs));
    return left(fs, op, f->status, f);
}

/* If CLOSE fails, a wrapper inside may have discarded what was written. */
static sally_status closed(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct quota_file *f = context;
    sally_file_set_data(op->file, fs, NULL, NULL);
    if (f->delete_on_close || (f->written && status != SALLY_OK))
        f->last_path = quota_path_of(q, op, f);
    if (!f->last_path)
        return left(fs, op, status, f);
    f->status = status;
    (void)quota_must_measure(q, f);
    return wrap_ask_stat(fs, q->inner, op, f->last_path, 0, looked_after, f);
}

static sally_status measured_last(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                  sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct quota_file *f = context;
    const sally_attrs *attrs = &asked->u.stat.attrs;
    if (status == SALLY_OK && (attrs->valid & SALLY_ATTR_SIZE))
        quota_measured(q, f, quota_size_in(attrs));
    if (status == SALLY_OK && (attrs->valid & SALLY_ATTR_LINK_COUNT))
        f->link_count = attrs->link_count;
    quota_file_closes(q, f);
    return sally_fs_call(fs, q->inner, op, closed, f);
}

sally_status quota_close(sally_fs *fs, sally_op *op)
{
    struct quota *q = quota_of(fs);
    struct quota_file *f = sally_file_data(op->file, fs);
    if (!f)
        return sally_fs_call(fs, q->inner, op, NULL, NULL);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    bool must = quota_must_measure(q, f);
    if (!must && !f->written && !f->delete_on_close) {
        quota_file_closes(q, f);
        return sally_fs_call(fs, q->inner, op, closed, f);
    }
    return wrap_ask_stat(fs, q->inner, op, NULL, 0, measured_last, f);
}
