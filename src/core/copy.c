/* The READs and WRITEs are the library's own, and enter the storage where the COPY did. So wrappers
 * see READs and WRITEs of their own files, whatever storages are inside. Hooks see the COPY; they
 * see these operations only when the file is a hook's own. */
#include "core/copy.h"

#include "core/copy_steps.h"
#include "core/file.h"
#include "core/session_internal.h"

#define COPY_TURN 16u /* slices to copy before other operations have a turn */

struct copy {
    struct copy_steps steps;
    bool waits;   /* for the answer of an operation */
    bool running; /* inside copy_run() */
};

static void on_done(struct op *child)
{
    struct copy *c = child->owner;
    c->waits = false;
    copy_steps_note(&c->steps, child);
    op_free(child);
    if (!c->running)
        session_continue_op(c->steps.op);
}

static struct op *next_child(struct copy *c)
{
    const struct op *op = c->steps.op;
    sally_session *s = op->session;
    sally_file *file = copy_steps_file(&c->steps);
    size_t hooks = s->hooks ? s->hooks->count : 0;
    struct op *child =
        session_own_op(s, copy_steps_kind(&c->steps), file, file->hooks_own ? 0 : hooks);
    if (!child)
        return NULL;
    child->on_done = on_done;
    child->owner = c;
    if (op->fs)
        child->fs = sally_fs_ref(op->fs);
    copy_steps_fill(&c->steps, &child->pub);
    return child;
}

static void do_next(struct copy *c)
{
    struct op *child = next_child(c);
    if (!child) {
        copy_steps_end(&c->steps, SALLY_FAILURE);
        return;
    }
    c->waits = true;
    session_start_op(child);
}

static struct copy *begin(struct op *op)
{
    struct copy *c = sally_op_alloc(&op->pub, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct copy){.waits = false};
    return copy_steps_begin(&c->steps, op) ? c : NULL;
}

enum copy_result copy_run(struct op *op, sally_status *status)
{
    struct copy *c = op->copy ? op->copy : begin(op);
    *status = SALLY_FAILURE;
    if (!c)
        return COPY_ENDED;
    op->copy = c;
    c->running = true;
    uint32_t slices = 0;
    while (!c->waits && !c->steps.ended && slices < COPY_TURN &&
           !session_turn_is_over(op->session)) {
        slices += copy_steps_kind(&c->steps) == SALLY_OP_WRITE;
        if (sally_op_cancelled(&op->pub))
            copy_steps_end(&c->steps, SALLY_FAILURE);
        else
            do_next(c);
    }
    c->running = false;
    if (c->steps.ended) {
        *status = c->steps.status;
        return COPY_ENDED;
    }
    return c->waits ? COPY_WAITS : COPY_YIELDS;
}
