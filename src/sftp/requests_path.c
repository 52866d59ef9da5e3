/* Requests about paths. */
#include "sftp/requests_path.h"

#include "core/path.h"
#include "sftp/answers.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"

/* Requests that consist of a path. */
static sally_status submit_path(struct sftp *s, struct request_in *in, uint32_t kind,
                                answer_fn *answer)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    struct op *op = request_begin(s, in, kind, answer);
    return op ? request_submit_or_drop(s, op, request_path(s, op, path)) : SALLY_FAILURE;
}

sally_status handle_remove(struct sftp *s, struct request_in *in)
{
    return submit_path(s, in, SALLY_OP_REMOVE, answer_status);
}

sally_status handle_rmdir(struct sftp *s, struct request_in *in)
{
    return submit_path(s, in, SALLY_OP_RMDIR, answer_status);
}

sally_status handle_readlink(struct sftp *s, struct request_in *in)
{
    return submit_path(s, in, SALLY_OP_READLINK, answer_text);
}

static sally_status submit_stat(struct sftp *s, struct request_in *in, uint32_t flags)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    struct op *op = request_begin(s, in, SALLY_OP_STAT, answer_attrs);
    if (!op)
        return SALLY_FAILURE;
    op->only_asks = true;
    op->pub.u.stat.flags = flags;
    op->pub.u.stat.wanted = request_stat_attrs(s, in);
    return request_submit_or_drop(s, op, request_path(s, op, path));
}

sally_status handle_stat(struct sftp *s, struct request_in *in)
{
    return submit_stat(s, in, SALLY_FOLLOW);
}

sally_status handle_lstat(struct sftp *s, struct request_in *in)
{
    return submit_stat(s, in, 0);
}

static sally_status submit_with_attrs(struct sftp *s, struct request_in *in, uint32_t kind,
                                      uint32_t flags)
{
    struct slice path = get_string(&in->body);
    struct op *op = request_begin(s, in, kind, answer_status);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.setstat.flags = flags;
    sally_status status = request_attrs(s, op, in, &op->pub.u.setstat.attrs);
    if (kind == SALLY_OP_MKDIR && request_is_exact(s, status, op->pub.u.setstat.attrs))
        op->pub.u.setstat.flags |= SALLY_EXACT_MODE;
    if (status == SALLY_OK)
        status = request_path(s, op, path);
    return request_submit_or_drop(s, op, status);
}

sally_status submit_setstat(struct sftp *s, struct request_in *in, uint32_t flags)
{
    return submit_with_attrs(s, in, SALLY_OP_SETSTAT, flags);
}

sally_status handle_setstat(struct sftp *s, struct request_in *in)
{
    return submit_setstat(s, in, SALLY_FOLLOW);
}

sally_status handle_mkdir(struct sftp *s, struct request_in *in)
{
    return submit_with_attrs(s, in, SALLY_OP_MKDIR, 0);
}

/* ---- Two paths ---- */

sally_status submit_pair(struct sftp *s, struct request_in *in, uint32_t kind, struct slice path,
                         struct slice to, uint32_t flags)
{
    struct op *op = request_begin(s, in, kind, answer_status);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.rename.flags = flags;
    sally_status status = request_path(s, op, path);
    if (status == SALLY_OK)
        status = request_to(s, op, to);
    return request_submit_or_drop(s, op, status);
}

sally_status submit_two_paths(struct sftp *s, struct request_in *in, uint32_t kind, uint32_t flags)
{
    struct slice path = get_string(&in->body);
    struct slice to = get_string(&in->body);
    return in->body.bad ? SALLY_BAD_MESSAGE : submit_pair(s, in, kind, path, to, flags);
}

/* The flags of versions 5 and 6 have the same values inside. */
sally_status handle_rename(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    struct slice to = get_string(&in->body);
    uint32_t flags = s->version >= 5 ? get_u32(&in->body) : 0;
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (flags & ~(uint32_t)(SALLY_RENAME_OVERWRITE | SALLY_RENAME_ATOMIC | SALLY_RENAME_NATIVE))
        return SALLY_UNSUPPORTED;
    if (flags & SALLY_RENAME_ATOMIC)
        flags |= SALLY_RENAME_OVERWRITE; /* implied: draft-05 section 6.5 */
    return submit_pair(s, in, SALLY_OP_RENAME, path, to, flags);
}

/* ---- REALPATH ---- */

sally_status submit_realpath(struct sftp *s, struct request_in *in, struct slice path,
                             struct slice raw, uint32_t flags)
{
    struct op *op = request_begin(s, in, SALLY_OP_REALPATH, answer_text);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.text.flags = flags;
    sally_status status = request_path(s, op, path);
    if (status == SALLY_OK)
        status = op_note_raw_path(op, raw);
    return request_submit_or_drop(s, op, status);
}

#define MAX_COMPOSE 64 /* paths in one REALPATH: each is work */

static sally_status add_path(struct sftp *s, struct buf *out, const char *base, struct slice raw)
{
    struct buf path;
    buf_init(&path, 32 * (size_t)PATH_MAX_BYTES);
    sally_status status = names_to_storage(&s->naming, raw, &path);
    if (status == SALLY_OK)
        status = path_normalise(out, base, buf_slice(&path));
    buf_clear(&path);
    return status;
}

/* Each further path is taken relative to what came before it (draft-13 section 8.9). */
static sally_status compose(struct sftp *s, struct cursor *in, struct slice first, struct buf *out)
{
    sally_status status = add_path(s, out, sally_session_home(s->session), first);
    for (int i = 0; status == SALLY_OK && cursor_left(in); i++) {
        if (i == MAX_COMPOSE)
            return SALLY_INVALID_PARAMETER;
        struct slice next = get_string(in);
        if (in->bad)
            return SALLY_BAD_MESSAGE;
        size_t before = out->size;
        /* A copy: the buffer may move while it grows. */
        char *base = slice_strdup((struct slice){buf_head(out), before - 1});
        if (!base)
            return SALLY_FAILURE;
        status = add_path(s, out, base, next);
        mem_free(base);
        buf_consume(out, before);
    }
    return status;
}

/* Version 6 returns the attributes, which not every storage does by itself. */
static bool answer_found(struct sftp *s, struct op *op)
{
    const sally_op_stat *stat = &op->pub.u.stat;
    bool found = op->pub.status == SALLY_OK;
    const bool *must_exist = request_of(op)->plan;
    if (!found && *must_exist)
        return answer_status(s, op);
    reply_one_name(s, op->request_id, op->pub.path, found ? &stat->attrs : NULL);
    return false;
}

static bool answer_resolved(struct sftp *s, struct op *op)
{
    const sally_op_text *text = &op->pub.u.text;
    const bool *must_exist = request_of(op)->plan;
    if (op->pub.status != SALLY_OK) {
        if (*must_exist)
            return answer_status(s, op);
        reply_one_name(s, op->request_id, op->pub.path, NULL); /* section 8.9: must not fail */
        return false;
    }
    if (text->attrs.valid)
        return answer_text(s, op);
    if (!*must_exist && !(sally_session_permissions(s->session) & SALLY_MAY_STAT))
        return answer_text(s, op);
    struct op *next = request_continue(op, SALLY_OP_STAT, answer_found);
    sally_status status =
        next ? op_set_raw_path(next, slice_of(text->result ? text->result : op->pub.path))
             : SALLY_FAILURE;
    if (next)
        next->pub.u.stat.wanted = s->all_attrs;
    request_submit_next(s, next, op, status);
    return false;
}

/* Nothing need exist, even if the storage would fail. */
static bool answer_unchecked(struct sftp *s, struct op *op)
{
    sally_status status = op->pub.status;
    if (status != SALLY_OK && status != SALLY_NO_SUCH_FILE && status != SALLY_NO_SUCH_PATH)
        return answer_status(s, op);
    const char *result = status == SALLY_OK ? op->pub.u.text.result : NULL;
    reply_one_name(s, op->request_id, result ? result : op->pub.path, NULL);
    return false;
}

static sally_status submit_unchecked(struct sftp *s, struct request_in *in, struct slice path,
                                     struct slice raw)
{
    struct op *op = request_begin(s, in, SALLY_OP_REALPATH, answer_unchecked);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.text.flags = SALLY_REALPATH_NO_CHECK;
    sally_status status = op_set_raw_path(op, path);
    if (status == SALLY_OK)
        status = op_note_raw_path(op, raw);
    return request_submit_or_drop(s, op, status);
}

static sally_status submit_resolving(struct sftp *s, struct request_in *in, struct slice path,
                                     struct slice raw, uint32_t control)
{
    struct op *op = request_begin(s, in, SALLY_OP_REALPATH, answer_resolved);
    bool *must_exist = op ? mem_alloc(sizeof *must_exist) : NULL;
    if (!must_exist)
        return op ? request_drop(op, SALLY_FAILURE) : SALLY_FAILURE;
    *must_exist = control == SALLY_REALPATH_STAT_ALWAYS;
    request_of(op)->plan = must_exist;
    request_exclusive(op);
    op->pub.u.text.flags = control;
    sally_status status = op_set_raw_path(op, path); /* already in the storage's form */
    if (status == SALLY_OK)
        status = op_note_raw_path(op, raw);
    return request_submit_or_drop(s, op, status);
}

sally_status handle_realpath(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (s->version < 6)
        return submit_realpath(s, in, path, path, SALLY_REALPATH_STAT_IF);
    uint32_t control = cursor_left(&in->body) ? get_u8(&in->body) : SALLY_REALPATH_NO_CHECK;
    if (control < SALLY_REALPATH_NO_CHECK || control > SALLY_REALPATH_STAT_ALWAYS)
        return SALLY_INVALID_PARAMETER;
    struct buf composed;
    buf_init(&composed, 4 * (size_t)PATH_MAX_BYTES);
    sally_status status = compose(s, &in->body, path, &composed);
    struct slice whole = {buf_head(&composed), composed.size ? composed.size - 1 : 0};
    if (status == SALLY_OK && control == SALLY_REALPATH_NO_CHECK)
        status = submit_unchecked(s, in, whole, path);
    else if (status == SALLY_OK)
        status = submit_resolving(s, in, whole, path, control);
    buf_clear(&composed);
    return status;
}
