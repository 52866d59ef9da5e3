/* The order of a session's operations: one after the other, or, for a storage that is
 * SALLY_FS_CONCURRENT, READs of one file together, other operations of a file in order, and
 * whatever changes paths, opens or closes by itself. */
#include "core/file.h"
#include "core/session_inside.h"

/* WRITEs that a worker gets at once: it reports when all are done. */
#define MAX_BATCH       16u
#define MAX_BATCH_BYTES ((size_t)1024 * 1024)

static bool is_barrier(const sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_READ:
    case SALLY_OP_WRITE:
    case SALLY_OP_FSYNC:
    case SALLY_OP_LOCK:
    case SALLY_OP_UNLOCK:
    case SALLY_OP_FSTAT:
    case SALLY_OP_FSETSTAT:
    case SALLY_OP_READDIR:
    case SALLY_OP_STAT:
    case SALLY_OP_READLINK:
    case SALLY_OP_REALPATH:
    case SALLY_OP_STATVFS:
    case SALLY_OP_LOOKUP_IDS:
    case SALLY_OP_HASH:
        return false;
    case SALLY_OP_OPEN:
        return (op->u.open.flags & (SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE)) != 0;
    case SALLY_OP_OPENDIR:
        return false;
    default:
        return true;
    }
}

static bool has_room(const sally_session *s, const struct op *op)
{
    return s->reserved == 0 || op->reserve == 0 || s->reserved + op->reserve <= s->max_bytes;
}

static bool file_is_free(const sally_file *file, const struct op *op)
{
    if (op->pub.kind == SALLY_OP_READ)
        return file->others == 0;
    return file->others == 0 && file->readers == 0;
}

static bool is_new_file(const sally_op *op)
{
    return op->kind == SALLY_OP_OPEN || op->kind == SALLY_OP_OPENDIR;
}

static struct op *pick_concurrent(sally_session *s)
{
    uint32_t client_started = s->started - s->aside;
    bool first = true;
    if (s->barrier)
        return NULL;
    s->scan++;
    LIST_EACH (item, &s->queue) {
        struct op *op = CONTAINER_OF(item, struct op, link);
        sally_file *file = is_new_file(&op->pub) ? NULL : op->pub.file;
        if (is_barrier(&op->pub))
            return first && client_started == 0 && has_room(s, op) ? op : NULL;
        if (!file)
            return op;
        if (file->blocked_scan != s->scan && file_is_free(file, op) && has_room(s, op))
            return op;
        file->blocked_scan = s->scan;
        first = false;
    }
    return NULL;
}

static struct op *pick(sally_session *s)
{
    struct list *head = list_first(&s->queue);
    if (!head)
        return NULL;
    if (sally_fs_traits(s->fs) & SALLY_FS_CONCURRENT)
        return pick_concurrent(s);
    struct op *op = CONTAINER_OF(head, struct op, link);
    return s->started == s->aside && has_room(s, op) ? op : NULL;
}

struct op *session_take_queued(sally_session *s)
{
    struct list *item = list_take_first(&s->queue);
    if (!item)
        return NULL;
    s->queued--;
    return CONTAINER_OF(item, struct op, link);
}

static void take_from_queue(sally_session *s, struct op *op)
{
    list_remove(&op->link);
    s->queued--;
    s->reserved += op->reserve;
    op->reserved_bytes = op->reserve;
    if (is_barrier(&op->pub))
        s->barrier = true;
    if (op->pub.file && !is_new_file(&op->pub)) {
        op->counted = true;
        if (op->pub.kind == SALLY_OP_READ)
            op->pub.file->readers++;
        else
            op->pub.file->others++;
    }
}

static bool is_write(const struct op *op)
{
    return op->pub.kind == SALLY_OP_WRITE;
}

/* Nobody may be overtaken who has to come before: barriers; whatever else is about the file; and
 * anything at all where the storage does one thing after the other. Hooks are called at home first,
 * if they wish. */
void session_gather(struct op *op)
{
    sally_session *s = op->session;
    bool concurrent = (sally_fs_traits(s->fs) & SALLY_FS_CONCURRENT) != 0;
    bool hooked = s->hooks && (s->hooks->before_mask & SALLY_OP_BIT(SALLY_OP_WRITE));
    size_t bytes = op->reserve;
    uint32_t count = 1;
    if (hooked || op->aside || s->closing || !list_empty(&op->followers))
        return;
    LIST_EACH (item, &s->queue) {
        struct op *next = CONTAINER_OF(item, struct op, link);
        bool same = is_write(next) && next->pub.file == op->pub.file && !next->aside;
        if (!same && concurrent && !is_barrier(&next->pub) && next->pub.file != op->pub.file)
            continue;
        bytes += next->reserve;
        if (!same || !has_room(s, next) || bytes > MAX_BATCH_BYTES || ++count > MAX_BATCH)
            return;
        take_from_queue(s, next);
        session_begin_op(next);
        next->handed = true;
        s->with_workers++;
        list_append(&op->followers, &next->link);
    }
}

void session_schedule(sally_session *s)
{
    /* Operations that answer at once come back here through on_done: the loop below goes on for
     * them. */
    if (s->scheduling) {
        s->again = true;
        return;
    }
    s->scheduling = true;
    s->references++; /* an on_done may end the session */
    do {
        s->again = false;
        struct op *op;
        while (!s->closing && (op = pick(s)) != NULL) {
            take_from_queue(s, op);
            session_start_op(op);
        }
    } while (s->again && !s->closing);
    s->scheduling = false;
    if (s->closing)
        session_close_step(s); /* an on_done has ended the session meanwhile */
    session_release(s);
}

void op_submit(struct op *op)
{
    sally_session *s = op->session;
    sally_op *pub = &op->pub;
    if (pub->kind == SALLY_OP_WRITE)
        pub->u.io.done = pub->u.io.length;
    if (pub->kind == SALLY_OP_CLOSE || pub->kind == SALLY_OP_CLOSEDIR)
        pub->file->closing = true;
    op->stage = OP_QUEUED;
    list_append(&s->queue, &op->link);
    s->queued++;
    session_schedule(s);
}
