/* The READs and WRITEs are the library's own, and enter the storage where the COPY did. So wrappers
 * see READs and WRITEs of their own files, whatever storages are inside. Hooks see the COPY; they
 * see these operations only when the file is a hook's own.
 *
 * The size of the source at the start is the limit: the source may be the target under another
 * name, which would grow without end. */
#include "core/copy.h"

#include "core/file.h"
#include "core/session_internal.h"

#define COPY_SLICE (256u * 1024u)
#define COPY_TURN  16u /* slices to copy before other operations have a turn */

enum copy_step { COPY_MEASURE, COPY_READ, COPY_WRITE };

struct copy {
    struct op *op; /* the COPY */
    unsigned char *buffer;
    uint64_t done, length; /* length 0: up to the end */
    enum copy_step step;
    uint32_t held; /* bytes in the buffer that are being written */
    bool waits;    /* for the answer of an operation */
    bool running;  /* inside copy_run() */
    bool ended;
    sally_status status;
};

static void end(struct copy *c, sally_status status)
{
    c->ended = true;
    c->status = status;
}

/* A size of 0 may mean that the storage generates the content, so it is no limit. */
static void measured(struct copy *c, const sally_op *stat)
{
    const sally_attrs *attrs = &stat->u.stat.attrs;
    uint64_t from = c->op->pub.u.copy.from_offset;
    c->step = COPY_READ;
    if (stat->status != SALLY_OK || !(attrs->valid & SALLY_ATTR_SIZE) || attrs->size == 0)
        return;
    uint64_t left = attrs->size > from ? attrs->size - from : 0;
    if (c->length == 0 || c->length > left)
        c->length = left;
    if (left == 0)
        end(c, SALLY_OK);
}

static void was_read(struct copy *c, const sally_op *read)
{
    if (read->status == SALLY_EOF) {
        end(c, SALLY_OK);
    } else if (read->status != SALLY_OK) {
        end(c, read->status);
    } else {
        c->held = read->u.io.done;
        c->step = COPY_WRITE;
    }
}

static void was_written(struct copy *c, const sally_op *write)
{
    if (write->status != SALLY_OK) {
        end(c, write->status);
        return;
    }
    c->done += c->held;
    c->step = COPY_READ;
    if (c->length && c->done == c->length)
        end(c, SALLY_OK);
}

static void on_done(struct op *child)
{
    struct copy *c = child->owner;
    c->waits = false;
    if (child->message && child->pub.status != SALLY_OK)
        c->op->message = sally_op_strdup(&c->op->pub, child->message);
    if (c->step == COPY_MEASURE)
        measured(c, &child->pub);
    else if (c->step == COPY_READ)
        was_read(c, &child->pub);
    else
        was_written(c, &child->pub);
    op_free(child);
    if (!c->running)
        session_continue_op(c->op);
}

static struct op *new_child(struct copy *c, uint32_t kind, sally_file *file)
{
    sally_session *s = c->op->session;
    size_t hooks = s->hooks ? s->hooks->count : 0;
    struct op *child = session_own_op(s, kind, file, file->hooks_own ? 0 : hooks);
    if (child) {
        child->on_done = on_done;
        child->owner = c;
        if (c->op->fs)
            child->fs = sally_fs_ref(c->op->fs);
    }
    return child;
}

static struct op *next_child(struct copy *c)
{
    const sally_op_copy *copy = &c->op->pub.u.copy;
    uint64_t left = c->length ? c->length - c->done : COPY_SLICE;
    struct op *child;
    switch (c->step) {
    case COPY_MEASURE:
        child = new_child(c, SALLY_OP_FSTAT, c->op->pub.file);
        if (child)
            child->pub.u.stat.wanted = SALLY_ATTR_SIZE;
        return child;
    case COPY_READ:
        child = new_child(c, SALLY_OP_READ, c->op->pub.file);
        if (child)
            child->pub.u.io =
                (sally_op_io){.offset = copy->from_offset + c->done,
                              .data = c->buffer,
                              .length = left < COPY_SLICE ? (uint32_t)left : COPY_SLICE};
        return child;
    default:
        child = new_child(c, SALLY_OP_WRITE, copy->to);
        if (child)
            child->pub.u.io = (sally_op_io){.offset = copy->to_offset + c->done,
                                            .data = c->buffer,
                                            .length = c->held,
                                            .done = c->held};
        return child;
    }
}

static void do_next(struct copy *c)
{
    struct op *child = next_child(c);
    if (!child) {
        end(c, SALLY_FAILURE);
        return;
    }
    c->waits = true;
    session_start_op(child);
}

static struct copy *begin(struct op *op)
{
    const sally_op_copy *copy = &op->pub.u.copy;
    struct copy *c = sally_op_alloc(&op->pub, sizeof *c);
    unsigned char *buffer = sally_op_alloc(&op->pub, COPY_SLICE);
    if (!c || !buffer)
        return NULL;
    *c = (struct copy){.op = op, .buffer = buffer, .length = copy->length};
    if (copy->from_offset > INT64_MAX || copy->to_offset > INT64_MAX || copy->length > INT64_MAX)
        end(c, SALLY_INVALID_PARAMETER);
    return c;
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
    while (!c->waits && !c->ended && slices < COPY_TURN && !session_turn_is_over(op->session)) {
        slices += c->step == COPY_WRITE;
        if (sally_op_cancelled(&op->pub))
            end(c, SALLY_FAILURE);
        else
            do_next(c);
    }
    c->running = false;
    if (c->ended) {
        op->pub.u.copy.done = c->done;
        *status = c->status;
        return COPY_ENDED;
    }
    return c->waits ? COPY_WAITS : COPY_YIELDS;
}
