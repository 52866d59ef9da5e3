/* Other operations that a wrapper performs in the course of one: meanwhile the operation has the
 * kind and arguments of the other. A slot or on_done only prepares it, and it begins when they have
 * returned: otherwise asking in a loop would be recursion. */
#include <string.h>

#include "base/sized.h"
#include "core/fs.h"
#include "core/io_check.h"
#include "core/status.h"

struct fs_ask {
    struct fs_ask *older;
    sally_inner_op other; /* the saved half of the operation */
    sally_fs *fs, *inner;
    sally_ask_done_fn *on_done;
    void *context;
    bool begun;
};

/* Members may follow it in sally_inner_op, which callers make. */
_Static_assert(sizeof(sally_op_args) == sizeof(sally_op_text), "sally_op_args must keep its size");

static const sally_attrs no_attrs;

static bool is_allowed(const sally_inner_op *own)
{
    const struct op_kind *kind = op_kind(own->kind);
    return (kind->flags & KIND_SUBMITTABLE) && !op_kind_closes(own->kind) && kind->undo == 0 &&
           own->kind != SALLY_OP_READDIR;
}

/* HASH, STATVFS and EXTENDED may be of a path. */
static bool has_files(const sally_inner_op *own)
{
    switch (own->kind) {
    case SALLY_OP_HASH:
    case SALLY_OP_STATVFS:
    case SALLY_OP_EXTENDED:
        return true;
    case SALLY_OP_COPY:
        return own->file && own->u.copy.to;
    default:
        return op_kind(own->kind)->handle == NO_HANDLE || own->file;
    }
}

static void complete(sally_inner_op *own, const sally_op *op)
{
    if (!own->path)
        own->path = op->path;
    if (op_kind(own->kind)->handle == NO_HANDLE)
        own->file = NULL;
    if ((op_kind(own->kind)->flags & KIND_ATTRS) && !own->u.setstat.attrs)
        own->u.setstat.attrs = &no_attrs;
    if (own->kind == SALLY_OP_WRITE)
        own->u.io.done = own->u.io.length;
}

static void become(sally_op *op, const sally_inner_op *other)
{
    op->kind = other->kind;
    op->path = other->path;
    op->file = other->file;
    op->u = other->u;
}

static sally_inner_op what_it_is(const sally_op *op)
{
    return (sally_inner_op){.struct_size = sizeof(sally_inner_op),
                            .kind = op->kind,
                            .path = op->path,
                            .file = op->file,
                            .u = op->u};
}

/* Those that were answered are used again. */
static struct fs_ask *new_ask(struct op *op)
{
    struct fs_ask *ask = op->spare_asks;
    if (ask)
        op->spare_asks = ask->older;
    return ask ? ask : sally_op_alloc(&op->pub, sizeof *ask);
}

sally_status sally_fs_ask(sally_fs *fs, sally_fs *inner, sally_op *pub, const sally_inner_op *given,
                          sally_ask_done_fn *on_done, void *context)
{
    struct op *op = op_of(pub);
    sally_inner_op own;
    if (pub->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (!sized_copy(&own, sizeof own, given, given->struct_size, SIZED_TO(sally_inner_op, u)))
        own = (sally_inner_op){.struct_size = sizeof own};
    if (!is_allowed(&own) || !has_files(&own))
        return on_done(fs, pub, &own, SALLY_INVALID_PARAMETER, context);
    struct fs_ask *ask = new_ask(op);
    if (!ask)
        return on_done(fs, pub, &own, SALLY_FAILURE, context);
    complete(&own, pub);
    *ask = (struct fs_ask){.older = op->asks,
                           .other = what_it_is(pub),
                           .fs = fs,
                           .inner = inner,
                           .on_done = on_done,
                           .context = context};
    op->asks = ask;
    become(pub, &own);
    return STATUS_ASKS;
}

static sally_status answered(sally_fs *fs, sally_op *pub, sally_status status, void *context)
{
    struct op *op = op_of(pub);
    struct fs_ask *ask = op->asks;
    const sally_inner_op own = ask->other;
    op->asks = ask->older;
    ask->other = what_it_is(pub);
    become(pub, &own);
    ask->older = op->spare_asks;
    op->spare_asks = ask;
    status = io_check_answer(ask->other.kind, &ask->other.u.io, status_clean(status));
    return ask->on_done(fs, pub, &ask->other, status, context);
}

sally_status fs_begin_asked(sally_op *pub)
{
    struct op *op = op_of(pub);
    sally_status status = STATUS_ASKS;
    while (status == STATUS_ASKS) {
        struct fs_ask *ask = op->asks;
        if (!ask || ask->begun)
            return SALLY_FAILURE; /* nothing was asked */
        ask->begun = true;
        status = fs_call_inline(ask->fs, ask->inner, pub, answered, ask->context);
        if (status == SALLY_PENDING)
            return status;
        status = answered(ask->fs, pub, status, ask->context);
    }
    return status;
}
