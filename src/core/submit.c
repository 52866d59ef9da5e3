/* Operations of the program's own, in a session's name. */
#include <string.h>

#include "base/mem.h"
#include "core/file.h"
#include "core/session_inside.h"

static bool may_submit(uint32_t kind)
{
    switch (kind) {
    case SALLY_OP_SESSION_START:
    case SALLY_OP_SESSION_END:
    case SALLY_OP_LEND_FD:
    case SALLY_OP_READDIR:
        return false;
    default:
        return kind > 0 && kind < SALLY_OP_KINDS;
    }
}

static void submitted_done(struct op *op)
{
    if (op->submit_done)
        op->submit_done(op->submit_user_data, &op->pub, op->pub.status);
    op_free(op);
}

static const sally_attrs no_attrs;

sally_error sally_session_submit(sally_session *s, uint32_t kind, const char *path,
                                 void (*fill)(void *user_data, sally_op *op),
                                 sally_submit_done_fn *done, void *user_data)
{
    if (!s || !may_submit(kind))
        return SALLY_E_INVALID;
    /* Not from the session's pool, which belongs to its home thread. */
    struct op *op = mem_alloc(sizeof *op);
    if (!op)
        return SALLY_E_NO_MEMORY;
    op_init(op, s, kind);
    op->stage = OP_SUBMITTED;
    op->aside = true;
    op->unchecked = true;
    op->pub.flags |= SALLY_OP_INTERNAL;
    op->on_done = submitted_done;
    op->submit_done = done;
    op->submit_user_data = user_data;
    if (kind == SALLY_OP_OPEN)
        op->pub.u.open.attrs = &no_attrs;
    if (kind == SALLY_OP_SETSTAT || kind == SALLY_OP_FSETSTAT || kind == SALLY_OP_MKDIR)
        op->pub.u.setstat.attrs = &no_attrs;
    if (fill)
        fill(user_data, &op->pub);
    sally_status status = SALLY_OK;
    if (path)
        status = op_take_path(op, slice_of(path));
    else if (op->pub.file)
        op->pub.path = op->pub.file->path;
    if (status != SALLY_OK || !op->pub.path) {
        op_discard(op);
        return status == SALLY_FAILURE ? SALLY_E_NO_MEMORY : SALLY_E_INVALID;
    }
    if (kind == SALLY_OP_WRITE)
        op->pub.u.io.done = op->pub.u.io.length;
    atomic_fetch_add(&s->submitted, 1);
    s->host->wake(s->host, op);
    return SALLY_E_OK;
}

void session_adopt(struct op *op)
{
    sally_session *s = op->session;
    op->pub.id = ++s->next_request;
    s->references++;
    if (op->pub.kind == SALLY_OP_CLOSE || op->pub.kind == SALLY_OP_CLOSEDIR)
        op->pub.file->closing = true;
    atomic_fetch_sub(&s->submitted, 1);
    session_start_op(op);
}
