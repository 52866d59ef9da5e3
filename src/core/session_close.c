/* The end of a session: cancel, all answers, close with its reason, SESSION_END, release of the
 * storage. */
#include "base/mem.h"
#include "core/file.h"
#include "core/handoff.h"
#include "core/session_internal.h"

static void advance(sally_session *s, enum session_stage stage)
{
    if (s->stage < stage)
        s->stage = stage;
}

void session_drain(sally_session *s)
{
    advance(s, SESSION_DRAINING);
    LIST_EACH (item, &s->running) {
        struct op *op = CONTAINER_OF(item, struct op, run_link);
        if (op_is_unwanted(op))
            op_cancel(op);
    }
}

bool session_is_draining(const sally_session *s)
{
    return s->stage >= SESSION_DRAINING;
}

/* What was queued never reaches the storage, but is answered like everything else. */
static void drop_queued(sally_session *s)
{
    struct op *op;
    while ((op = queue_pop_first(s)) != NULL) {
        op->pub.status = SALLY_CONNECTION_LOST;
        op->stage = OP_DONE;
        if (op->on_done)
            op->on_done(op);
    }
}

void session_set_end_reason(sally_session *s, uint32_t reason)
{
    if (s->end_reason == 0)
        s->end_reason = reason;
}

void session_close(sally_session *s, uint32_t reason, void (*on_closed)(void *user_data),
                   void *user_data)
{
    s->references++;
    advance(s, SESSION_CLOSING);
    s->close_reason = reason;
    session_set_end_reason(s,
                           reason == SALLY_CLOSED_BY_SERVER ? SALLY_END_BY_SERVER : SALLY_END_LOST);
    s->on_closed = on_closed;
    s->closed_user_data = user_data;
    drop_queued(s);
    LIST_EACH (item, &s->running) {
        op_cancel(CONTAINER_OF(item, struct op, run_link));
    }
    session_close_step(s);
    session_release(s);
}

static void ending_done(struct op *op)
{
    if (op->kind == SALLY_OP_SESSION_END)
        op->session->owes_end = false;
    op_free(op);
}

/* Uses the operation that was set aside for this: the end needs no memory. */
static void start_ending(sally_session *s, uint32_t kind, sally_file *file)
{
    list_prepend(&s->pool, &s->closing_op->link);
    s->pooled++;
    s->closing_op = NULL;
    struct op *op = session_own_op(s, kind, file, 0);
    op->on_done = ending_done;
    if (kind == SALLY_OP_SESSION_END)
        op->pub.u.session = (sally_op_session){.version = s->version, .reason = s->end_reason};
    session_start_op(op);
}

static void end(sally_session *s)
{
    advance(s, SESSION_CLOSED);
    sally_fs *fs = s->fs;
    s->fs = NULL;
    sally_fs_unref(fs);
    if (s->on_closed)
        s->on_closed(s->closed_user_data);
    session_release(s); /* the session's own reference */
}

void session_close_step(sally_session *s)
{
    if (s->stage == SESSION_CLOSED || s->schedule != SCHEDULE_IDLE || s->started > 0 ||
        atomic_load_explicit(&s->submitted, memory_order_relaxed) > 0)
        return;
    struct list *first = list_first(&s->files);
    if (first) {
        sally_file *file = CONTAINER_OF(first, sally_file, link);
        start_ending(s, op_kind_to_close(file->facts.is_directory), file);
    } else if (s->owes_end) {
        start_ending(s, SALLY_OP_SESSION_END, NULL);
    } else {
        end(s);
    }
}
