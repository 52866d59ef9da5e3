/* The size of the source at the start is the limit: the source may be the target under another
 * name, which would grow without end. */
#include "core/copy_steps.h"

#define COPY_SLICE (256u * 1024u)

bool copy_steps_begin(struct copy_steps *c, struct op *op)
{
    const sally_op_copy *copy = &op->pub.u.copy;
    *c = (struct copy_steps){
        .op = op, .buffer = sally_op_alloc(&op->pub, COPY_SLICE), .length = copy->length};
    if (copy->from_offset > INT64_MAX || copy->to_offset > INT64_MAX || copy->length > INT64_MAX)
        copy_steps_end(c, SALLY_INVALID_PARAMETER);
    return c->buffer != NULL;
}

void copy_steps_end(struct copy_steps *c, sally_status status)
{
    c->op->pub.u.copy.done = c->done;
    c->ended = true;
    c->status = status;
}

uint32_t copy_steps_kind(const struct copy_steps *c)
{
    switch (c->step) {
    case COPY_MEASURE:
        return SALLY_OP_FSTAT;
    case COPY_READ:
        return SALLY_OP_READ;
    default:
        return SALLY_OP_WRITE;
    }
}

sally_file *copy_steps_file(const struct copy_steps *c)
{
    return c->step == COPY_WRITE ? c->op->pub.u.copy.to : c->op->pub.file;
}

void copy_steps_fill(const struct copy_steps *c, sally_op *child)
{
    const sally_op_copy *copy = &c->op->pub.u.copy;
    uint64_t left = c->length ? c->length - c->done : COPY_SLICE;
    switch (c->step) {
    case COPY_MEASURE:
        child->u.stat.wanted = SALLY_ATTR_SIZE;
        break;
    case COPY_READ:
        child->u.io = (sally_op_io){.offset = copy->from_offset + c->done,
                                    .data = c->buffer,
                                    .length = left < COPY_SLICE ? (uint32_t)left : COPY_SLICE};
        break;
    default:
        child->u.io = (sally_op_io){.offset = copy->to_offset + c->done,
                                    .data = c->buffer,
                                    .length = c->held,
                                    .done = c->held};
        break;
    }
}

/* A size of 0 may mean that the storage generates the content, so it is no limit. */
static void measured(struct copy_steps *c, const sally_op *stat)
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
        copy_steps_end(c, SALLY_OK);
}

static void was_read(struct copy_steps *c, const sally_op *read)
{
    if (read->status == SALLY_EOF) {
        copy_steps_end(c, SALLY_OK);
    } else if (read->status != SALLY_OK) {
        copy_steps_end(c, read->status);
    } else {
        c->held = read->u.io.done;
        c->step = COPY_WRITE;
    }
}

static void was_written(struct copy_steps *c, const sally_op *write)
{
    if (write->status != SALLY_OK) {
        copy_steps_end(c, write->status);
        return;
    }
    c->done += c->held;
    c->step = COPY_READ;
    if (c->length && c->done == c->length)
        copy_steps_end(c, SALLY_OK);
}

void copy_steps_note(struct copy_steps *c, const struct op *child)
{
    if (child->message && child->pub.status != SALLY_OK)
        c->op->message = sally_op_strdup(&c->op->pub, child->message);
    if (c->step == COPY_MEASURE)
        measured(c, &child->pub);
    else if (c->step == COPY_READ)
        was_read(c, &child->pub);
    else
        was_written(c, &child->pub);
}
