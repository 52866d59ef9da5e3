#include "fs/turns.h"

#include <pthread.h>
#include <string.h>

#include "base/list.h"
#include "core/long_ops.h"
#include "core/op_kinds.h"
#include "fs/wrap.h"

#define CHANGING_OPENS                                                                             \
    (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE |              \
     SALLY_OPEN_DELETE_ON_CLOSE)

struct turns {
    sally_fs *inner;
    pthread_mutex_t lock;
    struct list all; /* struct turn: those that have begun, and those that wait, oldest first */
};

/* In the operation's memory. */
struct turn {
    struct list link;
    sally_fs *fs;
    sally_op *op;
    const char *path, *to; /* to: NULL for operations on one path */
    bool begun, cancelled;
};

static struct turns *turns_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static bool needs_turn(const sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_OPEN:
        return (op->u.open.flags & CHANGING_OPENS) != 0;
    case SALLY_OP_SETSTAT:
        return (op->u.setstat.attrs->valid & SALLY_ATTR_SIZE) != 0;
    case SALLY_OP_REMOVE:
    case SALLY_OP_RENAME:
    case SALLY_OP_LINK:
        return true;
    default:
        return false;
    }
}

static bool uses(const struct turn *t, const char *path)
{
    return path && (strcmp(t->path, path) == 0 || (t->to && strcmp(t->to, path) == 0));
}

/* Under the lock: whether an older one has the same name. */
static bool must_wait(const struct turns *turns, const struct turn *t)
{
    LIST_EACH (item, &turns->all) {
        const struct turn *older = CONTAINER_OF(item, struct turn, link);
        if (older == t)
            return false;
        if (uses(older, t->path) || uses(older, t->to))
            return true;
    }
    return false;
}

static sally_status left(sally_fs *fs, sally_op *op, sally_status status, void *context);

static void run(sally_op *op, void *context)
{
    struct turn *t = context;
    sally_status status =
        t->cancelled ? SALLY_FAILURE : sally_fs_call(t->fs, turns_of(t->fs)->inner, op, left, t);
    if (status != SALLY_PENDING)
        sally_op_finish(op, status);
}

/* Where it may block; in this thread if there is no other. */
static void resume(struct turn *t)
{
    if (!op_resume_later(t->op, run, t))
        run(t->op, t);
}

static struct turn *next_to_begin(struct turns *turns)
{
    struct turn *found = NULL;
    pthread_mutex_lock(&turns->lock);
    LIST_EACH (item, &turns->all) {
        struct turn *t = CONTAINER_OF(item, struct turn, link);
        if (!found && !t->begun && !must_wait(turns, t))
            found = t;
    }
    if (found)
        found->begun = true;
    pthread_mutex_unlock(&turns->lock);
    return found;
}

static sally_status left(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct turns *turns = turns_of(fs);
    struct turn *t = context;
    (void)op;
    pthread_mutex_lock(&turns->lock);
    list_remove(&t->link);
    pthread_mutex_unlock(&turns->lock);
    while ((t = next_to_begin(turns)) != NULL)
        resume(t);
    return status;
}

static sally_status wait_turn(sally_fs *fs, sally_op *op)
{
    struct turns *turns = turns_of(fs);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct turn *t = sally_op_alloc(op, sizeof(*t));
    if (!t)
        return SALLY_FAILURE;
    *t = (struct turn){
        .fs = fs, .op = op, .path = op->path, .to = op_has_to(op) ? op->u.rename.to : NULL};
    pthread_mutex_lock(&turns->lock);
    list_append(&turns->all, &t->link);
    bool begins = t->begun = !must_wait(turns, t);
    pthread_mutex_unlock(&turns->lock);
    /* Otherwise it may have ended, and must not be touched. */
    return begins ? sally_fs_call(fs, turns->inner, op, left, t) : SALLY_PENDING;
}

static sally_status turns_slot(sally_fs *fs, sally_op *op)
{
    bool by_file = op->file && op_kind(op->kind)->handle != NO_HANDLE;
    return !by_file && needs_turn(op) ? wait_turn(fs, op)
                                      : sally_fs_call(fs, turns_of(fs)->inner, op, NULL, NULL);
}

static void turns_cancel(sally_fs *fs, sally_op *op)
{
    struct turns *turns = turns_of(fs);
    struct turn *waiting = NULL;
    pthread_mutex_lock(&turns->lock);
    LIST_EACH (item, &turns->all) {
        struct turn *t = CONTAINER_OF(item, struct turn, link);
        if (t->op == op && !t->begun)
            waiting = t;
    }
    if (waiting) {
        waiting->cancelled = true;
        list_remove(&waiting->link);
    }
    pthread_mutex_unlock(&turns->lock);
    if (waiting)
        resume(waiting);
    else
        sally_fs_cancel_inner(fs, op);
}

static void turns_destroy(void *user_data)
{
    struct turns *turns = user_data;
    sally_fs_unref(turns->inner);
    pthread_mutex_destroy(&turns->lock);
    mem_free(turns);
}

sally_error turns_new(sally_fs **out, sally_fs *inner)
{
    struct turns *turns = mem_zalloc(sizeof(*turns));
    if (!turns)
        return SALLY_E_NO_MEMORY;
    turns->inner = sally_fs_ref(inner);
    pthread_mutex_init(&turns->lock, NULL);
    list_init(&turns->all);
    sally_fs_methods methods;
    wrap_methods(&methods, inner, turns_slot);
    methods.cancel = turns_cancel;
    methods.destroy = turns_destroy;
    sally_error error = sally_fs_new(out, &methods, turns);
    if (error)
        turns_destroy(turns);
    return error;
}

sally_fs *turns_inner(const sally_fs *fs)
{
    const struct turns *turns = fs && fs->methods.destroy == turns_destroy ? fs->user_data : NULL;
    return turns ? turns->inner : NULL;
}
