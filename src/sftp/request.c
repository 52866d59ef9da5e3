#include "sftp/request.h"

#include "sftp/listing.h"
#include "sftp/reply.h"

static void on_done(struct op *op)
{
    struct request *r = request_of(op);
    struct sftp *s = r->s;
    s->active--;
    bool kept = false;
    if (!s->closing) {
        kept = r->answer(s, op);
        s->credit += r->size;
    }
    bool has_data = kept && op->pub.kind == SALLY_OP_READ;
    if (r->exclusive)
        s->exclusive = false;
    mem_free(r->plan);
    r->plan = NULL;
    if (r->waiting) { /* the session ends */
        request_drop(r->waiting, SALLY_CONNECTION_LOST);
        r->waiting = NULL;
    }
    if (!kept)
        request_end(op);
    if (has_data) { /* it goes to the owner while it is in the cache */
        engine_enter(s);
        reply_send(s);
        engine_leave(s);
    }
}

void request_end(struct op *op)
{
    struct request *r = request_of(op);
    blocks_put(r->block);
    r->block = NULL;
    listing_drop(r->listing);
    op_free(op);
}

struct op *request_begin(struct sftp *s, const struct request_in *in, uint32_t kind,
                         answer_fn *answer)
{
    struct op *op = op_new(s->session, kind);
    if (!op)
        return NULL;
    struct request *r = sally_op_alloc(&op->pub, sizeof *r);
    if (!r) {
        op_free(op);
        return NULL;
    }
    *r = (struct request){.s = s, .answer = answer, .size = in->size};
    op->owner = r;
    op->request_id = in->id;
    op->on_done = on_done;
    return op;
}

const char *request_too_many_files(struct sftp *s)
{
    session_note_refused_file(s->session, "limits.open_files");
    return "Too many open files in this session (limits.open_files)";
}

void request_exclusive(struct op *op)
{
    struct request *r = request_of(op);
    r->exclusive = r->s->exclusive = true;
}

struct op *request_continue(struct op *before, uint32_t kind, answer_fn *answer)
{
    struct request *r = request_of(before);
    const struct request_in in = {.id = before->request_id, .size = r->size};
    struct op *op = request_begin(r->s, &in, kind, answer);
    if (!op)
        return NULL;
    struct request *next = request_of(op);
    next->plan = r->plan;
    next->exclusive = r->exclusive;
    r->plan = NULL;
    r->exclusive = false;
    r->size = 0;
    return op;
}

void request_undo(struct op *next, struct op *before)
{
    struct request *r = request_of(next), *old = request_of(before);
    old->plan = r->plan;
    old->exclusive = r->exclusive;
    old->size = r->size;
    op_free(next);
}

void request_fail(struct op *op, sally_status status)
{
    request_of(op)->s->active++;
    op->pub.status = status;
    on_done(op);
}

sally_status request_submit(struct sftp *s, struct op *op)
{
    struct request *r = request_of(op);
    bool (*before)(struct sftp *, struct op *) = r->before_submit;
    r->before_submit = NULL;
    if (before && before(s, op))
        return SALLY_OK;
    sally_file *file = r->file;
    if (file)
        op_use_file(op, file); /* counts as a user of the file, so not before it is certain */
    s->active++;
    op_submit(op);
    return SALLY_OK;
}

sally_status request_drop(struct op *op, sally_status status)
{
    struct request *r = request_of(op);
    if (r->exclusive)
        r->s->exclusive = false;
    mem_free(r->plan);
    blocks_put(r->block);
    op_free(op);
    return status;
}

sally_status request_submit_or_drop(struct sftp *s, struct op *op, sally_status status)
{
    return status == SALLY_OK ? request_submit(s, op) : request_drop(op, status);
}

void request_submit_next(struct sftp *s, struct op *next, struct op *before, sally_status status)
{
    if (next && status == SALLY_OK) {
        request_submit(s, next);
        return;
    }
    if (next)
        request_undo(next, before);
    reply_status(s, before->request_id, next ? status : SALLY_FAILURE, NULL);
}

sally_status request_answered(struct sftp *s, const struct request_in *in)
{
    s->credit += in->size;
    return SALLY_OK;
}
