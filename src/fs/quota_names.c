/* Operations that create, remove and move files and directories without opening them. */
#include <string.h>

#include "fs/quota.h"

static struct quota *quota_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static sally_status made(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    (void)op;
    (void)context;
    if (status != SALLY_OK)
        quota_release(quota_of(fs), 0, 1);
    return status;
}

sally_status quota_make(sally_fs *fs, sally_op *op)
{
    struct quota *q = quota_of(fs);
    if (!quota_reserve(q, 0, 1))
        return SALLY_QUOTA_EXCEEDED;
    sally_status status = sally_fs_call(fs, q->inner, op, made, NULL);
    if (status == SALLY_WOULD_BLOCK)
        quota_release(q, 0, 1);
    return status;
}

static sally_status rmdir_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    (void)op;
    (void)context;
    if (status == SALLY_OK)
        quota_release(quota_of(fs), 0, 1);
    return status;
}

sally_status quota_rmdir(sally_fs *fs, sally_op *op)
{
    return sally_fs_call(fs, quota_of(fs)->inner, op, rmdir_done, NULL);
}

/* A name that may go, and what is known of its file. */
struct going {
    struct quota_inode *inode; /* held, so that what is written until it has gone is counted */
    bool there;
    sally_attrs attrs;
    const char *path, *to; /* to: of RENAME */
    struct real_path from_place, to_place;
};

static sally_status remove_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    const struct going *g = context;
    (void)op;
    if (status == SALLY_OK && g->there)
        quota_removed(q, g->from_place.path, g->inode, &g->attrs);
    quota_inode_release(q, g->inode);
    return status;
}

static sally_status still_there(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    const struct going *g = context;
    (void)op;
    (void)asked;
    if (status != SALLY_OK) { /* otherwise these are two names of one file, and nothing has
                               * changed */
        quota_removed(q, g->to_place.path, g->inode, &g->attrs);
        quota_moved(q, g->from_place.path, g->to_place.path);
    }
    quota_inode_release(q, g->inode);
    return SALLY_OK;
}

static sally_status rename_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota *q = quota_of(fs);
    struct going *g = context;
    if (status == SALLY_OK && g->there)
        return wrap_ask_stat(fs, q->inner, op, g->path, 0, still_there, g);
    if (status == SALLY_OK)
        quota_moved(q, g->from_place.path, g->to_place.path);
    quota_inode_release(q, g->inode);
    return status;
}

static sally_status looked(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                           sally_status status, void *context)
{
    struct going *g = context;
    if (status == SALLY_FAILURE) { /* memory is short: it could not be counted */
        quota_inode_release(quota_of(fs), g->inode);
        return status;
    }
    g->there = status == SALLY_OK;
    g->attrs = asked->u.stat.attrs;
    if (g->there && !g->inode)
        g->inode = quota_find_same(quota_of(fs), &g->attrs);
    return sally_fs_call(fs, quota_of(fs)->inner, op, g->to ? rename_done : remove_done, g);
}

static sally_status located(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct going *g = context;
    (void)status;
    g->inode = quota_find(quota_of(fs), g->to ? g->to_place.path : g->from_place.path);
    return wrap_ask_stat(fs, quota_of(fs)->inner, op, g->to ? g->to : g->path, 0, looked, g);
}

static sally_status locate_to(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct going *g = context;
    (void)status;
    return quota_locate(fs, op, &g->to_place, g->to, false, located, g);
}

static sally_status look(sally_fs *fs, sally_op *op, const char *to)
{
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct going *g = sally_op_alloc(op, sizeof(*g));
    if (!g)
        return SALLY_FAILURE;
    *g = (struct going){.path = op->path, .to = to};
    g->from_place.path = op->path;
    g->to_place.path = to;
    if (!quota_any_open(quota_of(fs)))
        return located(fs, op, SALLY_OK, g);
    return quota_locate(fs, op, &g->from_place, op->path, false, to ? locate_to : located, g);
}

sally_status quota_remove(sally_fs *fs, sally_op *op)
{
    return look(fs, op, NULL);
}

sally_status quota_rename(sally_fs *fs, sally_op *op)
{
    return look(fs, op, op->u.rename.to);
}
