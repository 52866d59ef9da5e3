/* The order of a session's operations. What a client can observe is as if they were carried out one
 * after the other, in the order they came. For a storage that is not SALLY_FS_CONCURRENT that is
 * what happens. For one that is, an operation may start before earlier ones have ended when none of
 * them can notice: looks run together; a change waits for all looks and changes that could be about
 * the same file, and they for it. Two handles are about different files only if the storage has
 * said so (sally_file_set_identity()). */
#include "core/file.h"
#include "core/session_inside.h"

/* WRITEs that a worker gets at once: it reports when all are done. */
#define MAX_BATCH       16u
#define MAX_BATCH_BYTES ((size_t)1024 * 1024)

/* Draft-13 section 8.1.1.3: what makes, cuts, reserves or removes a file. */
#define CHANGING_OPENS                                                                             \
    (SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE | SALLY_OPEN_DELETE_ON_CLOSE |                        \
     SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_DELETE)

static enum op_order order_of(const struct op *op)
{
    if (op->kind == SALLY_OP_OPEN && (op->pub.u.open.flags & CHANGING_OPENS))
        return ORDER_ALONE;
    return op_kind(op->kind)->order;
}

static bool has_room(const sally_session *s, const struct op *op)
{
    return s->reserved == 0 || op->reserve == 0 || s->reserved + op->reserve <= s->max_bytes;
}

static struct file_body *body_of(const struct op *op)
{
    return op->pub.file ? op->pub.file->body : NULL;
}

static void count(struct traffic *t, const struct op *op, uint32_t by)
{
    bool unknown = body_of(op) == NULL;
    switch (op->order) {
    case ORDER_LOOK:
        t->looks += by;
        break;
    case ORDER_LOOK_FILE:
        t->file_looks += by;
        t->unknown_looks += unknown ? by : 0;
        break;
    case ORDER_CHANGE_FILE:
        t->changes += by;
        t->unknown_changes += unknown ? by : 0;
        break;
    default:
        t->alone = by == 1;
        break;
    }
}

static void count_running(struct op *op, uint32_t by)
{
    struct file_body *body = body_of(op);
    enum op_order order = op->order;
    count(&op->session->traffic, op, by);
    if (op->kind == SALLY_OP_READDIR)
        op->pub.file->listing = by == 1;
    if (body && order == ORDER_LOOK_FILE)
        body->looks += by;
    else if (body && order == ORDER_CHANGE_FILE)
        body->changes += by;
}

/* It waits, and those behind it must not pass where that could be noticed. */
static void count_ahead(struct traffic *ahead, const struct op *op)
{
    sally_session *s = op->session;
    struct file_body *body = body_of(op);
    count(ahead, op, 1);
    if (op->kind == SALLY_OP_READDIR)
        op->pub.file->listing_scan = s->scan;
    if (!body)
        return;
    if (body->scan != s->scan) {
        body->scan = s->scan;
        body->looks_ahead = body->changes_ahead = 0;
    }
    body->looks_ahead += op->order == ORDER_LOOK_FILE;
    body->changes_ahead += op->order == ORDER_CHANGE_FILE;
}

static bool may_look_at_file(const struct traffic *ahead, const struct file_body *body,
                             uint64_t scan)
{
    if (!body)
        return ahead->changes == 0;
    uint32_t waiting = body->scan == scan ? body->changes_ahead : 0;
    return ahead->unknown_changes == 0 && body->changes + waiting == 0;
}

static bool may_change_file(const struct traffic *ahead, const struct file_body *body,
                            uint64_t scan)
{
    if (ahead->looks > 0 || !may_look_at_file(ahead, body, scan))
        return false;
    if (!body)
        return ahead->file_looks == 0;
    uint32_t waiting = body->scan == scan ? body->looks_ahead : 0;
    return ahead->unknown_looks == 0 && body->looks + waiting == 0;
}

/* Whether nothing that came before can notice, or be missed. `ahead` is all that has not ended. */
static bool may_start(const struct traffic *ahead, const struct op *op)
{
    const sally_file *file = op->pub.file;
    uint64_t scan = op->session->scan;
    switch (op->order) {
    case ORDER_LOOK:
        if (op->kind == SALLY_OP_READDIR && (file->listing || file->listing_scan == scan))
            return false; /* the storage knows how far a listing has come */
        return ahead->changes == 0;
    case ORDER_LOOK_FILE:
        return may_look_at_file(ahead, body_of(op), scan);
    case ORDER_CHANGE_FILE:
        return may_change_file(ahead, body_of(op), scan);
    default:
        return ahead->looks + ahead->file_looks + ahead->changes == 0;
    }
}

static struct op *pick_concurrent(sally_session *s)
{
    struct traffic ahead = s->traffic;
    s->scan++;
    LIST_EACH (item, &s->queue) {
        struct op *op = CONTAINER_OF(item, struct op, link);
        if (ahead.alone)
            return NULL;
        if (may_start(&ahead, op) && has_room(s, op))
            return op;
        count_ahead(&ahead, op);
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
    op->counted = true;
    count_running(op, 1);
}

void session_note_end(struct op *op)
{
    if (op->counted)
        count_running(op, UINT32_MAX);
    op->counted = false;
}

/* What is known to be about another file may be passed by the WRITEs of this one. */
static bool is_elsewhere(const struct op *op, const struct file_body *body)
{
    return body && body_of(op) && body_of(op) != body &&
           (op->order == ORDER_LOOK_FILE || op->order == ORDER_CHANGE_FILE);
}

/* WRITEs through the same handle, as long as nothing in between could notice, and nothing at all is
 * in between where the storage does one thing after the other. Hooks are called at home first, if
 * they wish. */
void session_gather(struct op *op)
{
    sally_session *s = op->session;
    bool concurrent = (sally_fs_traits(s->fs) & SALLY_FS_CONCURRENT) != 0;
    bool hooked = s->hooks && (s->hooks->before_mask & SALLY_OP_BIT(SALLY_OP_WRITE));
    size_t bytes = op->reserve;
    uint32_t batch = 1;
    if (hooked || op->aside || s->closing || !list_empty(&op->followers))
        return;
    LIST_EACH (item, &s->queue) {
        struct op *next = CONTAINER_OF(item, struct op, link);
        bool same = next->kind == SALLY_OP_WRITE && next->pub.file == op->pub.file;
        if (!same && concurrent && is_elsewhere(next, op->pub.file->body))
            continue;
        bytes += next->reserve;
        if (!same || !has_room(s, next) || bytes > MAX_BATCH_BYTES || ++batch > MAX_BATCH)
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
    if (op->kind == SALLY_OP_WRITE)
        pub->u.io.done = pub->u.io.length;
    if (op_kind_closes(op->kind))
        pub->file->closing = true;
    op->order = order_of(op);
    if (op->order != ORDER_LOOK && op->order != ORDER_LOOK_FILE && op->kind != SALLY_OP_CLOSEDIR)
        s->changes++;
    op->stage = OP_QUEUED;
    list_append(&s->queue, &op->link);
    s->queued++;
    session_schedule(s);
}
