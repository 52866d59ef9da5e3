/* What is answered when a storage leaves a slot NULL: nothing to do, the answer of another slot, or
 * "unsupported". */
#include <string.h>

#include "core/file.h"
#include "core/fs.h"

/* FSTAT, FSETSTAT and OPENDIR ask the slot for paths: the operation changes its kind for the way
 * down and back. */

struct stand_in {
    uint32_t kind; /* the real one */
};

static sally_status stand_in_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct stand_in *real = context;
    (void)fs;
    op->kind = real->kind;
    if (status != SALLY_OK || real->kind != SALLY_OP_OPENDIR)
        return status;
    if (!(op->u.stat.attrs.valid & SALLY_ATTR_TYPE) ||
        op->u.stat.attrs.type != SALLY_TYPE_DIRECTORY)
        return SALLY_NOT_A_DIRECTORY;
    op->file->stands_in = true;
    return SALLY_OK;
}

static sally_status ask_instead(sally_fs *fs, sally_op *op, uint32_t kind)
{
    struct stand_in *real = sally_op_alloc(op, sizeof *real);
    if (!real)
        return SALLY_FAILURE;
    real->kind = op->kind;
    op->kind = kind;
    if (kind == SALLY_OP_STAT) {
        memset(&op->u.stat.attrs, 0, sizeof op->u.stat.attrs);
        op->u.stat.flags = SALLY_FOLLOW;
        if (real->kind == SALLY_OP_OPENDIR)
            op->u.stat.wanted = SALLY_ATTR_TYPE;
    } else {
        op->u.setstat.flags = SALLY_FOLLOW;
    }
    sally_status status = fs_call_quiet(fs, fs, op, stand_in_done, real);
    if (status == SALLY_PENDING)
        return status;
    if (status == SALLY_WOULD_BLOCK) {
        op->kind = real->kind;
        return status;
    }
    return stand_in_done(fs, op, status, real);
}

/* COPY by READ and WRITE through one buffer. What the source holds at the start is all that is
 * copied: it may be the target under another name, and would grow for ever. */

#define COPY_SLICE (256u * 1024u)

struct copying {
    sally_op_copy copy; /* the real operation */
    sally_file *from;
    const char *path;
    unsigned char *buffer;
    uint32_t held; /* bytes in the buffer that are being written */
    bool measuring, writing;
};

static void copy_set_stat(sally_op *op, struct copying *c)
{
    c->measuring = true;
    op->kind = SALLY_OP_FSTAT;
    op->u.stat = (sally_op_stat){.wanted = SALLY_ATTR_SIZE};
}

/* False: there is nothing to copy. A size of 0 may mean that the storage makes its bytes up. */
static bool copy_bound(const sally_op *op, struct copying *c, sally_status status)
{
    const sally_attrs *attrs = &op->u.stat.attrs;
    c->measuring = false;
    if (status != SALLY_OK || !(attrs->valid & SALLY_ATTR_SIZE) || attrs->size == 0)
        return true;
    uint64_t left = attrs->size > c->copy.from_offset ? attrs->size - c->copy.from_offset : 0;
    if (c->copy.length == 0 || c->copy.length > left)
        c->copy.length = left;
    return left > 0;
}

static void copy_set_read(sally_op *op, struct copying *c)
{
    uint64_t left = c->copy.length ? c->copy.length - c->copy.done : COPY_SLICE;
    c->writing = false;
    op->kind = SALLY_OP_READ;
    op->file = c->from;
    op->path = c->path;
    op->u.io = (sally_op_io){.offset = c->copy.from_offset + c->copy.done,
                             .data = c->buffer,
                             .length = left < COPY_SLICE ? (uint32_t)left : COPY_SLICE};
}

static void copy_set_write(sally_op *op, struct copying *c)
{
    c->writing = true;
    c->held = op->u.io.done;
    op->kind = SALLY_OP_WRITE;
    op->file = c->copy.to;
    op->path = c->copy.to->path;
    op->u.io = (sally_op_io){.offset = c->copy.to_offset + c->copy.done,
                             .data = c->buffer,
                             .length = c->held,
                             .done = c->held};
}

static sally_status copy_end(sally_op *op, struct copying *c, sally_status status)
{
    op->kind = SALLY_OP_COPY;
    op->file = c->from;
    op->path = c->path;
    op->u.copy = c->copy;
    return status;
}

/* Takes the answer to one READ or WRITE and does the following ones, as long as answers come at
 * once. */
static sally_status copy_go_on(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct copying *c = context;
    for (;;) {
        if (c->measuring) {
            if (!copy_bound(op, c, status))
                return copy_end(op, c, SALLY_OK);
            copy_set_read(op, c);
        } else if (!c->writing) {
            if (status == SALLY_EOF || (status == SALLY_OK && op->u.io.done == 0))
                return copy_end(op, c, SALLY_OK);
            if (status != SALLY_OK || op->u.io.done > op->u.io.length)
                return copy_end(op, c, status == SALLY_OK ? SALLY_FAILURE : status);
            copy_set_write(op, c);
        } else {
            if (status != SALLY_OK || op->u.io.done != c->held)
                return copy_end(op, c, status == SALLY_OK ? SALLY_FAILURE : status);
            c->copy.done += c->held;
            if (c->copy.length && c->copy.done == c->copy.length)
                return copy_end(op, c, SALLY_OK);
            if (sally_op_cancelled(op))
                return copy_end(op, c, SALLY_FAILURE);
            copy_set_read(op, c);
        }
        status = fs_call_quiet(fs, fs, op, copy_go_on, c);
        if (status == SALLY_PENDING)
            return status;
    }
}

static sally_status copy_by_hand(sally_fs *fs, sally_op *op)
{
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (op->u.copy.from_offset > INT64_MAX || op->u.copy.to_offset > INT64_MAX ||
        op->u.copy.length > INT64_MAX)
        return SALLY_INVALID_PARAMETER;
    struct copying *c = sally_op_alloc(op, sizeof *c);
    unsigned char *buffer = sally_op_alloc(op, COPY_SLICE);
    if (!c || !buffer)
        return SALLY_FAILURE;
    *c = (struct copying){.copy = op->u.copy, .from = op->file, .path = op->path, .buffer = buffer};
    c->copy.done = 0;
    copy_set_stat(op, c);
    sally_status status = fs_call_quiet(fs, fs, op, copy_go_on, c);
    return status == SALLY_PENDING ? status : copy_go_on(fs, op, status, c);
}

bool fs_has_default(const sally_fs *fs, uint32_t kind)
{
    switch (kind) {
    case SALLY_OP_SESSION_START:
    case SALLY_OP_SESSION_END:
    case SALLY_OP_CLOSE:
    case SALLY_OP_CLOSEDIR:
    case SALLY_OP_REALPATH:
    case SALLY_OP_LOOKUP_IDS:
        return true;
    case SALLY_OP_FSTAT:
        return fs->methods.stat != NULL;
    case SALLY_OP_OPENDIR:
        return fs->methods.stat != NULL && fs->methods.readdir != NULL;
    case SALLY_OP_FSETSTAT:
        return fs->methods.setstat != NULL;
    case SALLY_OP_COPY:
        return fs->methods.read != NULL && fs->methods.write != NULL;
    default:
        return false;
    }
}

sally_status fs_default(sally_fs *fs, sally_op *op)
{
    if (!fs_has_default(fs, op->kind))
        return SALLY_UNSUPPORTED;
    switch (op->kind) {
    case SALLY_OP_FSTAT:
    case SALLY_OP_OPENDIR:
        return ask_instead(fs, op, SALLY_OP_STAT);
    case SALLY_OP_FSETSTAT:
        return ask_instead(fs, op, SALLY_OP_SETSTAT);
    case SALLY_OP_COPY:
        return copy_by_hand(fs, op);
    case SALLY_OP_REALPATH:
        return sally_op_set_result(op, op->path);
    default:
        return SALLY_OK;
    }
}
