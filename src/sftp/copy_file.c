/* copy-file, as implemented by other servers: source, target, whether to overwrite; a STATUS. It is
 * an OPEN of both, a COPY, and the CLOSEs, each an operation like a client's, so that permissions
 * and hooks apply. An existing target is truncated to its new length only after the copy, so that
 * nothing is lost if it is the source under another name. */

#include <stdio.h>

#include "sftp/answers.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"

struct file_copy {
    sally_file *from, *to; /* NULL: not open */
    char *target;          /* after the structure */
    bool overwrite;
    sally_attrs attrs;   /* of OPEN and FSETSTAT */
    uint32_t handles;    /* reserved */
    sally_status status; /* the first failure */
    char message[256];   /* the message of the storage or a hook; "": none */
};

static void close_next(struct sftp *s, struct op *before, struct file_copy *c);

static void release(struct sftp *s, const struct file_copy *c)
{
    for (uint32_t i = 0; i < c->handles; i++)
        handles_unreserve(&s->handles);
}

static void end(struct sftp *s, struct op *op, const struct file_copy *c)
{
    release(s, c);
    reply_status(s, op->request_id, c->status, c->message[0] ? c->message : NULL);
}

static void note(struct file_copy *c, const struct op *op, sally_status status)
{
    if (c->status != SALLY_OK)
        return;
    c->status = status;
    if (status != SALLY_OK && op->message)
        snprintf(c->message, sizeof c->message, "%s", op->message);
}

/* Without memory for a CLOSE, the files stay open until the session ends, which is acceptable. */
static void go_on(struct sftp *s, struct op *next, struct op *before, struct file_copy *c)
{
    if (next) {
        request_submit(s, next);
        return;
    }
    c->status = SALLY_FAILURE;
    end(s, before, c);
}

static bool answer_close(struct sftp *s, struct op *op)
{
    struct file_copy *c = request_of(op)->plan;
    note(c, op, op->pub.status);
    close_next(s, op, c);
    return false;
}

/* Closes what is open, the target first; then answers. */
static void close_next(struct sftp *s, struct op *before, struct file_copy *c)
{
    sally_file **which = c->to ? &c->to : &c->from;
    sally_file *file = *which;
    if (!file) {
        end(s, before, c);
        return;
    }
    struct op *op = request_continue(before, SALLY_OP_CLOSE, answer_close);
    *which = NULL;
    if (op)
        request_of(op)->file = file;
    go_on(s, op, before, c);
}

static bool fail(struct sftp *s, struct op *op, struct file_copy *c, sally_status status)
{
    note(c, op, status);
    close_next(s, op, c);
    return false;
}

static bool answer_cut(struct sftp *s, struct op *op)
{
    return fail(s, op, request_of(op)->plan, op->pub.status);
}

static bool answer_copied(struct sftp *s, struct op *op)
{
    struct file_copy *c = request_of(op)->plan;
    if (op->pub.status != SALLY_OK || !c->overwrite)
        return fail(s, op, c, op->pub.status);
    uint64_t size = op->pub.u.copy.done;
    struct op *next = request_continue(op, SALLY_OP_FSETSTAT, answer_cut);
    if (next) {
        c->attrs = (sally_attrs){.valid = SALLY_ATTR_SIZE, .size = size};
        next->pub.u.setstat.attrs = &c->attrs;
        next->skips_permissions = true; /* part of writing the file, which was allowed */
        request_of(next)->file = c->to;
    }
    go_on(s, next, op, c);
    return false;
}

static bool answer_target(struct sftp *s, struct op *op)
{
    struct file_copy *c = request_of(op)->plan;
    if (op->pub.status != SALLY_OK)
        return fail(s, op, c, op->pub.status);
    c->to = op->pub.file;
    struct op *next = request_continue(op, SALLY_OP_COPY, answer_copied);
    if (next) {
        next->pub.u.copy.to = c->to;
        request_of(next)->file = c->from;
    }
    go_on(s, next, op, c);
    return false;
}

/* The copy gets the source's permissions, if they are known. */
static bool answer_mode(struct sftp *s, struct op *op)
{
    struct file_copy *c = request_of(op)->plan;
    const sally_attrs *of = &op->pub.u.stat.attrs;
    bool known = op->pub.status == SALLY_OK && of->valid & SALLY_ATTR_PERMISSIONS;
    if (op->pub.status == SALLY_OK && of->valid & SALLY_ATTR_TYPE &&
        of->type == SALLY_TYPE_DIRECTORY)
        return fail(s, op, c, SALLY_FILE_IS_A_DIRECTORY);
    c->attrs = (sally_attrs){.valid = known ? SALLY_ATTR_PERMISSIONS : 0,
                             .permissions = of->permissions & 0777};
    struct op *next = request_continue(op, SALLY_OP_OPEN, answer_target);
    sally_status status = next ? request_path(s, next, slice_of(c->target)) : SALLY_FAILURE;
    if (status != SALLY_OK) {
        if (next)
            request_undo(next, op);
        return fail(s, op, c, status);
    }
    next->pub.u.open = (sally_op_open){.flags = SALLY_OPEN_WRITE | SALLY_OPEN_CREATE |
                                                (c->overwrite ? 0 : SALLY_OPEN_EXCLUSIVE),
                                       .desired_access = ACE4_WRITE_DATA | ACE4_WRITE_ATTRIBUTES,
                                       .attrs = &c->attrs};
    request_submit(s, next);
    return false;
}

static bool answer_source(struct sftp *s, struct op *op)
{
    struct file_copy *c = request_of(op)->plan;
    if (op->pub.status != SALLY_OK)
        return fail(s, op, c, op->pub.status);
    c->from = op->pub.file;
    struct op *next = request_continue(op, SALLY_OP_FSTAT, answer_mode);
    if (next) {
        next->pub.u.stat.wanted = SALLY_ATTR_TYPE | SALLY_ATTR_PERMISSIONS;
        next->skips_permissions = true; /* the client does not see it */
        request_of(next)->file = c->from;
    }
    go_on(s, next, op, c);
    return false;
}

static struct file_copy *new_copy(struct slice target)
{
    struct file_copy *c = mem_zalloc(sizeof *c + target.size + 1);
    if (c) {
        c->target = (char *)(c + 1);
        if (target.size)
            memcpy(c->target, target.data, target.size);
    }
    return c;
}

static sally_status prepare(struct sftp *s, struct op *op, struct request_in *in, struct slice path,
                            struct file_copy *c)
{
    static const sally_attrs none;
    bool full;
    sally_status status = request_path(s, op, path);
    op->pub.u.open = (sally_op_open){.flags = SALLY_OPEN_READ,
                                     .desired_access = ACE4_READ_DATA | ACE4_READ_ATTRIBUTES,
                                     .attrs = &none};
    while (status == SALLY_OK && c->handles < 2) {
        status = handles_reserve(&s->handles, &full);
        if (status == SALLY_OK)
            c->handles++;
        else if (full)
            in->message = "Too many open files";
    }
    return status;
}

sally_status ext_copy_file(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    struct slice target = get_string(&in->body);
    bool overwrite = get_bool(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (slice_has_nul(target))
        return SALLY_INVALID_FILENAME;
    struct op *op = request_begin(s, in, SALLY_OP_OPEN, answer_source);
    if (!op)
        return SALLY_FAILURE;
    struct file_copy *c = new_copy(target);
    if (!c)
        return request_drop(op, SALLY_FAILURE);
    c->overwrite = overwrite;
    request_of(op)->plan = c;
    request_exclusive(op);
    sally_status status = prepare(s, op, in, path, c);
    if (status != SALLY_OK) {
        release(s, c);
        return request_drop(op, status);
    }
    return request_submit(s, op);
}
