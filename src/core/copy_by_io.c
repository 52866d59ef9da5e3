/* A storage does a COPY by operations of its own, which it submits to itself. */
#include "core/copy_steps.h"
#include "core/fs.h"

struct copy_by_io {
    struct copy_steps steps;
    sally_fs *fs;
};

static void fill(void *user_data, sally_op *child)
{
    const struct copy_by_io *c = user_data;
    child->file = copy_steps_file(&c->steps);
    copy_steps_fill(&c->steps, child);
}

static sally_submit_done_fn on_step;

/* After PENDING another thread may have the operation. */
static sally_status go_on(struct copy_by_io *c)
{
    struct op *op = c->steps.op;
    if (!c->steps.ended && sally_op_cancelled(&op->pub))
        copy_steps_end(&c->steps, SALLY_FAILURE);
    if (c->steps.ended)
        return c->steps.status;
    if (sally_fs_submit(c->fs, op->session, copy_steps_kind(&c->steps), NULL, fill, on_step, c) !=
        SALLY_E_OK)
        return SALLY_FAILURE;
    return SALLY_PENDING;
}

static void on_step(void *user_data, sally_op *child, sally_status status)
{
    struct copy_by_io *c = user_data;
    copy_steps_note(&c->steps, op_of(child));
    status = go_on(c);
    if (status != SALLY_PENDING)
        sally_op_finish(&c->steps.op->pub, status);
}

static sally_status begin(sally_fs *fs, sally_op *pub)
{
    struct copy_by_io *c = sally_op_alloc(pub, sizeof *c);
    if (!c || !copy_steps_begin(&c->steps, op_of(pub)))
        return SALLY_FAILURE;
    c->fs = fs;
    return go_on(c);
}

sally_status sally_fs_copy_by_io(sally_fs *fs, sally_op *op, sally_done_fn *on_done, void *context)
{
    if (op->kind != SALLY_OP_COPY || !fs_push_frame(fs, NULL, op, on_done, context))
        return SALLY_FAILURE;
    op->flags &= ~(uint32_t)SALLY_OP_TRY; /* the answer comes late: it is not tried again */
    sally_status status = begin(fs, op);
    return status == SALLY_PENDING ? status : fs_pop_frame(op_of(op), status);
}
