#include "fs/aside.h"

#include <string.h>

void aside_begin(struct aside *a, sally_op *op, uint32_t kind, const char *path, sally_file *file)
{
    a->real = *op;
    op->kind = kind;
    op->path = path;
    op->file = file;
    memset(&op->u, 0, sizeof(op->u));
}

static sally_status answered(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct aside *a = context;
    a->asked = *op;
    op->kind = a->real.kind;
    op->path = a->real.path;
    op->file = a->real.file;
    op->u = a->real.u;
    return a->then(fs, op, status, a->context);
}

sally_status aside_call(struct aside *a, sally_fs *fs, sally_fs *inner, sally_op *op,
                        sally_done_fn *then, void *context)
{
    a->then = then;
    a->context = context;
    op->flags &= ~(uint32_t)SALLY_OP_TRY;
    return sally_fs_call(fs, inner, op, answered, a);
}

sally_status aside_stat(struct aside *a, sally_fs *fs, sally_fs *inner, sally_op *op,
                        const char *path, uint32_t flags, sally_done_fn *then, void *context)
{
    if (path)
        aside_begin(a, op, SALLY_OP_STAT, path, NULL);
    else
        aside_begin(a, op, SALLY_OP_FSTAT, op->path, op->file);
    op->u.stat = (sally_op_stat){
        .flags = flags, .wanted = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_LINK_COUNT};
    return aside_call(a, fs, inner, op, then, context);
}
