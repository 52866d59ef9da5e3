#include "core/taken.h"

#include "core/file.h"
#include "core/session_inside.h"
#include "core/status.h"

enum taken_state {
    ASKED,  /* not answered yet */
    GOOD,   /* taken, and whoever asked knows it */
    REFUSED /* taken, and to be given back */
};

struct op_taken { /* the newest first, so that what an entry's storage has asked for itself is
                     before it */
    struct op_taken *older;
    sally_fs *fs;     /* NULL: only hooks have it */
    const char *path; /* as the storage saw it */
    uint32_t depth;   /* frames above the storage */
    uint32_t first_hook;
    enum taken_state state;
};

static struct op_taken *add(struct op *op, sally_fs *fs, enum taken_state state)
{
    struct op_taken *t = sally_op_alloc(&op->pub, sizeof *t);
    if (t) {
        *t = (struct op_taken){.older = op->taken,
                               .fs = fs,
                               .path = op->pub.path,
                               .depth = op->frame_count,
                               .state = state};
        op->taken = t;
    }
    return t;
}

static bool is_asked(const struct op *op, const sally_fs *fs)
{
    const struct op_taken *t = op->taken;
    return t && t->state == ASKED && t->fs == fs && t->depth == op->frame_count;
}

bool taken_ask(struct op *op, sally_fs *fs)
{
    if (op_kind_opens(op->kind) && !file_reserve(op->pub.file, fs))
        return false;
    return is_asked(op, fs) || add(op, fs, ASKED); /* it may be asked once more after a try */
}

bool taken_any(const struct op *op)
{
    for (const struct op_taken *t = op->taken; t; t = t->older) {
        if (t->state != ASKED)
            return true;
    }
    return false;
}

static void forget(struct op *op, const struct op_taken *gone)
{
    struct op_taken **place = &op->taken;
    while (*place != gone)
        place = &(*place)->older;
    *place = gone->older;
}

/* A wrapper may have closed by itself what it will not use. */
static void note_closed(struct op *op, sally_fs *fs)
{
    struct op_taken *next;
    if (op_kind_closes(op->pub.kind))
        file_mark_open(op->pub.file, fs, false);
    for (struct op_taken *t = op->taken; t; t = next) {
        next = t->older;
        if (t->fs == fs && t->state != ASKED && op->pub.kind == op_kind(op->kind)->undo)
            forget(op, t);
    }
}

sally_status taken_answered(struct op *op, sally_fs *fs, uint32_t depth, sally_status status)
{
    if (op->pub.kind != op->kind || op_kind_closes(op->kind)) {
        if (status != SALLY_WOULD_BLOCK)
            note_closed(op, fs);
        return status;
    }
    struct op_taken *asked = op->taken, *next;
    while (asked && (asked->state != ASKED || asked->depth != depth))
        asked = asked->older;
    if (!asked)
        return status;
    bool tried = status == SALLY_WOULD_BLOCK && (op->pub.flags & SALLY_OP_TRY);
    if (tried && op->taken == asked)
        return status;
    bool good = status_clean(status) == SALLY_OK;
    for (struct op_taken *t = op->taken; t != asked; t = next) {
        next = t->older;
        if (t->state != REFUSED && (good || t->state == ASKED))
            forget(op, t); /* the storage that has just answered well knows of it */
        else
            t->state = REFUSED;
    }
    if (good) {
        asked->state = GOOD;
        if (op_kind_opens(op->kind))
            file_mark_open(op->pub.file, fs, true);
    } else {
        forget(op, asked);
    }
    /* To ask once more for what is half done would do it twice. */
    return tried && taken_any(op) ? SALLY_FAILURE : status;
}

void taken_refuse(struct op *op, uint32_t first_hook)
{
    bool any = false;
    if (op_kind(op->kind)->undo == 0)
        return;
    for (struct op_taken *t = op->taken; t; t = t->older) {
        if (t->state != GOOD)
            continue;
        t->state = REFUSED;
        t->first_hook = first_hook;
        any = true;
    }
    if (!any && op_kind_opens(op->kind) && op->pub.file->hooks_own) {
        struct op_taken *t = add(op, NULL, REFUSED);
        if (t)
            t->first_hook = first_hook;
    }
}

static struct op_taken *next_refused(const struct op *op)
{
    struct op_taken *t = op->taken;
    while (t && t->state != REFUSED)
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
                                .runs = true};
}

static void restore(struct op *op)
{
    op->kind = op->pub.kind = op->undo.kind;
    op->first_hook = op->undo.first_hook;
    op->pub.status = op->undo.status;
    op->message = op->undo.message;
    op->pub.path = op->undo.path;
    op->fs = op->undo.fs;
    op->undo.runs = false;
    op->stage = OP_DONE;
    if (op_kind_opens(op->kind) && op->pub.status == SALLY_OK)
        file_reopen(op->pub.file); /* a hook has taken it over */
}

static void make_closing(struct op *op, const struct op_taken *t)
{
    op->kind = op->pub.kind = op_kind(op->undo.kind)->undo;
    op->pub.flags = (op->pub.flags & ~SALLY_OP_TRY) | SALLY_OP_INTERNAL;
    op->pub.path = t->path;
    op->pub.status = op->overruled = SALLY_OK;
    op->fs = t->fs;
    op->first_hook = t->depth == 0 ? t->first_hook : UINT32_MAX; /* inside, no hook has seen it */
    op->stage = OP_BEFORE;
    op->hook = op->first_hook;
    op->unchecked = true;
    atomic_store_explicit(&op->handoff, 0, memory_order_relaxed);
    if (op_kind_closes(op->kind))
        op->pub.file->facts.close_reason = SALLY_CLOSED_REFUSED;
}

bool taken_give_back(struct op *op)
{
    if (!op->undo.runs) {
        if (!next_refused(op))
            return false;
        save(op);
    }
    struct op_taken *t = next_refused(op);
    if (!t) {
        restore(op);
        return false;
    }
    forget(op, t);
    make_closing(op, t);
    return true;
}
