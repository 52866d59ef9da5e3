/* What is answered when a storage leaves a slot NULL: nothing to do, the answer of another slot, or
 * "unsupported". */
#include <string.h>

#include "core/file.h"
#include "core/fs.h"

/* FSTAT, FSETSTAT, CHDIR and OPENDIR call the slot for paths instead: meanwhile the operation's
 * pub.kind is that slot's. Its kind in struct op does not change. */

struct substitute {
    uint32_t kind; /* the real one */
};

static bool wants_directory(uint32_t kind)
{
    return kind == SALLY_OP_OPENDIR || kind == SALLY_OP_CHDIR;
}

static sally_status substitute_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct substitute *real = context;
    (void)fs;
    op->kind = real->kind;
    if (status != SALLY_OK || !wants_directory(real->kind))
        return status;
    if (!(op->u.stat.attrs.valid & SALLY_ATTR_TYPE) ||
        op->u.stat.attrs.type != SALLY_TYPE_DIRECTORY)
        return SALLY_NOT_A_DIRECTORY;
    return SALLY_OK;
}

static sally_status default_via(sally_fs *fs, sally_op *op, uint32_t kind)
{
    struct substitute *real = sally_op_alloc(op, sizeof *real);
    if (!real)
        return SALLY_FAILURE;
    real->kind = op->kind;
    op->kind = kind;
    if (kind == SALLY_OP_STAT) {
        memset(&op->u.stat.attrs, 0, sizeof op->u.stat.attrs);
        op->u.stat.flags = SALLY_FOLLOW;
        if (wants_directory(real->kind))
            op->u.stat.wanted = SALLY_ATTR_TYPE;
    } else {
        op->u.setstat.flags = SALLY_FOLLOW;
    }
    sally_status status = fs_call_inline(fs, fs, op, substitute_done, real);
    if (status == SALLY_PENDING)
        return status;
    if (status == SALLY_WOULD_BLOCK) {
        op->kind = real->kind;
        return status;
    }
    return substitute_done(fs, op, status, real);
}

sally_status fs_default(sally_fs *fs, sally_op *op)
{
    if (!sally_fs_supports(fs, op->kind))
        return SALLY_UNSUPPORTED;
    switch (op_kind(op->kind)->fallback) {
    case FALL_SUCCEED:
        return SALLY_OK;
    case FALL_PATH:
        return sally_op_set_result(op, op->path);
    case FALL_STAT:
        return default_via(fs, op, SALLY_OP_STAT);
    case FALL_SETSTAT:
        return default_via(fs, op, SALLY_OP_SETSTAT);
    default:
        return SALLY_UNSUPPORTED;
    }
}
