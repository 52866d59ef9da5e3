#include "core/grants.h"

#include "core/file.h"
#include "core/session_internal.h"
#include "core/status.h"

enum grant_state {
    ASKED,   /* not answered yet */
    GRANTED, /* and the layer that asked has seen the success */
    REVOKED  /* granted, and to be undone */
};

struct op_grant { /* the newest first, so that what an entry's storage has asked for itself is
                     before it */
    struct op_grant *older;
    sally_fs *fs;     /* held below a wrapper, which may let it go. NULL: only hooks have it */
    const char *path; /* as the storage saw it; a copy below a wrapper, which may have lent it */
    uint32_t depth;   /* frames above the storage */
    uint32_t first_hook;
    enum grant_state state;
};

static struct op_grant *add(struct op *op, sally_fs *fs, enum grant_state state)
{
    struct op_grant *t = sally_op_alloc(&op->pub, sizeof *t);
    bool inside = op_frame_count(op) > 0;
    const char *path = op->pub.path;
    if (inside && path)
        path = sally_op_strdup(&op->pub, path);
    if (!t || (op->pub.path && !path))
        return NULL;
    *t = (struct op_grant){.older = op->grants,
                           .fs = inside ? sally_fs_ref(fs) : fs,
                           .path = path,
                           .depth = op_frame_count(op),
                           .state = state};
    op->grants = t;
    return t;
}

static sally_fs *held_by(const struct op_grant *t)
{
    return t->depth > 0 ? t->fs : NULL;
}

void grants_release(struct op *op)
{
    for (const struct op_grant *t = op->grants; t; t = t->older)
        sally_fs_unref(held_by(t));
    op->grants = NULL;
}

static bool is_asked(const struct op *op, const sally_fs *fs)
{
    const struct op_grant *t = op->grants;
    return t && t->state == ASKED && t->fs == fs && t->depth == op_frame_count(op);
}

bool grants_ask(struct op *op, sally_fs *fs)
{
    if (op_kind_opens(op->kind) && !file_reserve(op->pub.file, fs))
        return false;
    return is_asked(op, fs) ||
           add(op, fs, ASKED); /* asked again after SALLY_OP_TRY: already noted */
}

bool grants_any(const struct op *op)
{
    for (const struct op_grant *t = op->grants; t; t = t->older) {
        if (t->state != ASKED)
            return true;
    }
    return false;
}

static void unlink_grant(struct op *op, const struct op_grant *gone)
{
    struct op_grant **place = &op->grants;
    while (*place != gone)
        place = &(*place)->older;
    *place = gone->older;
}

static void forget(struct op *op, const struct op_grant *gone)
{
    unlink_grant(op, gone);
    sally_fs_unref(held_by(gone));
}

/* A wrapper may itself have undone what it does not need. */
static void note_undone(struct op *op, sally_fs *fs)
{
    struct op_grant *next;
    if (op_kind_closes(op->pub.kind))
        file_mark_open(op->pub.file, fs, false);
    for (struct op_grant *t = op->grants; t; t = next) {
        next = t->older;
        if (t->fs == fs && t->state != ASKED && op->pub.kind == op_kind(op->kind)->undo)
            forget(op, t);
    }
}

sally_status grants_answered(struct op *op, sally_fs *fs, uint32_t depth, sally_status status)
{
    if (op->pub.kind != op->kind || op_kind_closes(op->kind)) {
        if (status != SALLY_WOULD_BLOCK)
            note_undone(op, fs);
        return status;
    }
    struct op_grant *asked = op->grants, *next;
    while (asked && (asked->state != ASKED || asked->depth != depth))
        asked = asked->older;
    if (!asked)
        return status;
    bool tried = status == SALLY_WOULD_BLOCK && (op->pub.flags & SALLY_OP_TRY);
    if (tried && op->grants == asked)
        return status;
    bool good = status_clean(status) == SALLY_OK;
    for (struct op_grant *t = op->grants; t != asked; t = next) {
        next = t->older;
        if (t->state != REVOKED && (good || t->state == ASKED))
            forget(op, t); /* the storage that has just granted is responsible for it */
        else
            t->state = REVOKED;
    }
    if (good) {
        asked->state = GRANTED;
        if (op_kind_opens(op->kind))
            file_mark_open(op->pub.file, fs, true);
    } else {
        forget(op, asked);
    }
    /* Something is already granted: a retry would do it twice. */
    return tried && grants_any(op) ? SALLY_FAILURE : status;
}

void grants_revoke(struct op *op, uint32_t first_hook)
{
    bool any = false;
    if (op_kind(op->kind)->undo == 0)
        return;
    for (struct op_grant *t = op->grants; t; t = t->older) {
        if (t->state != GRANTED)
            continue;
        t->state = REVOKED;
        t->first_hook = first_hook;
        any = true;
    }
    if (!any && op_kind_opens(op->kind) && op->pub.file->hooks_own) {
        struct op_grant *t = add(op, NULL, REVOKED);
        if (t)
            t->first_hook = first_hook;
    }
}

static struct op_grant *next_revoked(const struct op *op)
{
    struct op_grant *t = op->grants;
    while (t && t->state != REVOKED)
        t = t->older;
    return t;
}

static void save(struct op *op)
{
    op->undo = (struct op_undo){.kind = op->kind,
                                .first_hook = op->first_hook,
                                .status = op->pub.status,
                                .message = op->message,
                                .path = op->pub.path,
                                .fs = op->fs,
                                .active = true};
}

static void restore(struct op *op)
{
    op->kind = op->pub.kind = op->undo.kind;
    op->first_hook = op->undo.first_hook;
    op->pub.status = op->undo.status;
    op->message = op->undo.message;
    op->pub.path = op->undo.path;
    op->fs = op->undo.fs;
    op->undo.active = false;
    op->stage = OP_DONE;
    if (op_kind_opens(op->kind) && op->pub.status == SALLY_OK)
        file_reopen(op->pub.file); /* it is now the hook's own file */
}

static void make_closing(struct op *op, const struct op_grant *t)
{
    op->kind = op->pub.kind = op_kind(op->undo.kind)->undo;
    op->pub.flags = (op->pub.flags & ~(uint32_t)SALLY_OP_TRY) | SALLY_OP_INTERNAL;
    op->pub.path = t->path;
    op->pub.status = op->overruled = SALLY_OK;
    op->fs = t->fs;
    op->undo.held = held_by(t);
    op->first_hook =
        t->depth == 0 ? t->first_hook : UINT32_MAX; /* hooks have not seen inner grants */
    op->stage = OP_BEFORE;
    op->hook = op->first_hook;
    op->skips_permissions = true;
    atomic_store_explicit(&op->handoff, 0, memory_order_relaxed);
    if (op_kind_closes(op->kind))
        op->pub.file->facts.close_reason = SALLY_CLOSED_REFUSED;
    else if (op->kind == SALLY_OP_SESSION_END)
        op->pub.u.session.reason = SALLY_END_REFUSED;
}

bool grants_undo_next(struct op *op)
{
    if (!op->undo.active) {
        if (!next_revoked(op))
            return false;
        save(op);
    }
    sally_fs_unref(op->undo.held);
    op->undo.held = NULL;
    struct op_grant *t = next_revoked(op);
    if (!t) {
        restore(op);
        return false;
    }
    unlink_grant(op, t);
    make_closing(op, t);
    return true;
}
