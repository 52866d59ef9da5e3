#include "fs/name_queue.h"

#include <pthread.h>
#include <string.h>

#include "base/list.h"
#include "core/long_ops.h"
#include "core/op_kinds.h"
#include "fs/wrap.h"

#define CHANGING_OPENS                                                                             \
    (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE |              \
     SALLY_OPEN_DELETE_ON_CLOSE)

struct name_queue {
    sally_fs *inner;
    pthread_mutex_t lock;
    /* struct queued_op: those that have begun, and those that wait, oldest first */
    struct list all;
};

/* In the operation's memory. */
struct queued_op {
    struct list link;
    sally_fs *fs;
    sally_op *op;
    const char *path, *to; /* to: NULL for operations on one path */
    bool begun, cancelled;
};

static struct name_queue *queue_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static bool must_queue(const sally_op *op)
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

static bool uses(const struct queued_op *t, const char *path)
{
    return path && (strcmp(t->path, path) == 0 || (t->to && strcmp(t->to, path) == 0));
}

/* Under the lock: whether an older one has the same name. */
static bool must_wait(const struct name_queue *queue, const struct queued_op *t)
{
    LIST_EACH (item, &queue->all) {
        const struct queued_op *older = CONTAINER_OF(item, struct queued_op, link);
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
    struct queued_op *t = context;
    sally_status status =
        t->cancelled ? SALLY_FAILURE : sally_fs_call(t->fs, queue_of(t->fs)->inner, op, left, t);
    if (status != SALLY_PENDING)
        sally_op_finish(op, status);
}

/* Where it may block; in this thread if there is no other. */
static void resume(struct queued_op *t)
{
    if (!op_resume_later(t->op, run, t))
        run(t->op, t);
}

static struct queued_op *next_to_begin(struct name_queue *queue)
{
    struct queued_op *found = NULL;
    pthread_mutex_lock(&queue->lock);
    LIST_EACH (item, &queue->all) {
        struct queued_op *t = CONTAINER_OF(item, struct queued_op, link);
        if (!found && !t->begun && !must_wait(queue, t))
            found = t;
    }
    if (found)
        found->begun = true;
    pthread_mutex_unlock(&queue->lock);
    return found;
}

static sally_status left(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct name_queue *queue = queue_of(fs);
    struct queued_op *t = context;
    (void)op;
    pthread_mutex_lock(&queue->lock);
    list_remove(&t->link);
    pthread_mutex_unlock(&queue->lock);
    while ((t = next_to_begin(queue)) != NULL)
        resume(t);
    return status;
}

static sally_status enqueue(sally_fs *fs, sally_op *op)
{
    struct name_queue *queue = queue_of(fs);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct queued_op *t = sally_op_alloc(op, sizeof(*t));
    if (!t)
        return SALLY_FAILURE;
    *t = (struct queued_op){
        .fs = fs, .op = op, .path = op->path, .to = op_has_to(op) ? op->u.rename.to : NULL};
    pthread_mutex_lock(&queue->lock);
    list_append(&queue->all, &t->link);
    bool begins = t->begun = !must_wait(queue, t);
    pthread_mutex_unlock(&queue->lock);
    /* Otherwise it may have ended, and must not be touched. */
    return begins ? sally_fs_call(fs, queue->inner, op, left, t) : SALLY_PENDING;
}

static sally_status name_queue_slot(sally_fs *fs, sally_op *op)
{
    bool by_file = op->file && op_kind(op->kind)->handle != NO_HANDLE;
    return !by_file && must_queue(op) ? enqueue(fs, op)
                                      : sally_fs_call(fs, queue_of(fs)->inner, op, NULL, NULL);
}

static void name_queue_cancel(sally_fs *fs, sally_op *op)
{
    struct name_queue *queue = queue_of(fs);
    struct queued_op *waiting = NULL;
    pthread_mutex_lock(&queue->lock);
    LIST_EACH (item, &queue->all) {
        struct queued_op *t = CONTAINER_OF(item, struct queued_op, link);
        if (t->op == op && !t->begun)
            waiting = t;
    }
    if (waiting) {
        waiting->cancelled = true;
        list_remove(&waiting->link);
    }
    pthread_mutex_unlock(&queue->lock);
    if (waiting)
        resume(waiting);
    else
        sally_fs_cancel_inner(fs, op);
}

static void name_queue_destroy(void *user_data)
{
    struct name_queue *queue = user_data;
    sally_fs_unref(queue->inner);
    pthread_mutex_destroy(&queue->lock);
    mem_free(queue);
}

sally_error name_queue_new(sally_fs **out, sally_fs *inner)
{
    struct name_queue *queue = mem_zalloc(sizeof(*queue));
    if (!queue)
        return SALLY_E_NO_MEMORY;
    queue->inner = sally_fs_ref(inner);
    pthread_mutex_init(&queue->lock, NULL);
    list_init(&queue->all);
    sally_fs_methods methods;
    wrap_methods(&methods, inner, name_queue_slot);
    methods.cancel = name_queue_cancel;
    methods.destroy = name_queue_destroy;
    sally_error error = sally_fs_new(out, &methods, queue);
    if (error)
        name_queue_destroy(queue);
    return error;
}

sally_fs *name_queue_inner(const sally_fs *fs)
{
    const struct name_queue *queue =
        fs && fs->methods.destroy == name_queue_destroy ? fs->user_data : NULL;
    return queue ? queue->inner : NULL;
}
