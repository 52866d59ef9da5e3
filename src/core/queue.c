/* The order of a session's operations. To the client it looks as if they were carried out one after
 * the other, in the order they came. For a storage that is not SALLY_FS_CONCURRENT they are. For
 * one that is, an operation may start before earlier ones have ended when the client cannot tell:
 * reads run concurrently; a write waits for all earlier reads and writes that may be on the same
 * file, and later ones wait for it. Two handles count as different files only if the storage has
 * identified them (sally_file_set_identity()).
 *
 * With SALLY_FS_CONCURRENT_WRITES, WRITEs need not wait for WRITEs that run on the same file, if
 * each is to a range of its own: in any order these leave the same bytes. They still start in the
 * order they came, so that a WRITE which waits is never passed by a later one. */
#include "core/file.h"
#include "core/session_internal.h"

/* WRITEs that a worker gets as one batch: it reports when all are done. */
#define MAX_BATCH       16u
#define MAX_BATCH_BYTES ((size_t)1024 * 1024)

/* Draft-13 section 8.1.1.3: flags that create, truncate, reserve or delete a file. */
#define EXCLUSIVE_OPENS                                                                            \
    (SALLY_OPEN_CREATE | SALLY_OPEN_UNIQUE | SALLY_OPEN_TRUNCATE | SALLY_OPEN_DELETE_ON_CLOSE |    \
     SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_DELETE)

static enum op_order order_of(const struct op *op)
{
    if (op->kind == SALLY_OP_OPEN && (op->pub.u.open.flags & EXCLUSIVE_OPENS))
        return ORDER_EXCLUSIVE;
    return op_kind(op->kind)->order;
}

/* The data of a WRITE is in memory already. */
static bool needs_memory(const struct op *op)
{
    return op->reply_bytes > 0 && op->kind != SALLY_OP_WRITE;
}

static bool has_room(const sally_session *s, const struct op *op)
{
    bool is_idle = s->charged_bytes == 0;
    if (!is_idle && op->reply_bytes && s->charged_bytes + op->reply_bytes > s->max_bytes)
        return false;
    return !needs_memory(op) || session_has_room(s, op->reply_bytes, is_idle);
}

static struct file_inode *inode_of(const struct op *op)
{
    return op->pub.file ? op->pub.file->inode : NULL;
}

static void count(struct order_counts *t, const struct op *op, uint32_t by)
{
    bool unknown = inode_of(op) == NULL;
    switch (op->order) {
    case ORDER_READ:
        t->reads += by;
        break;
    case ORDER_READ_FILE:
        t->file_reads += by;
        t->unknown_reads += unknown ? by : 0;
        break;
    case ORDER_WRITE_FILE:
        t->writes += by;
        t->unknown_writes += unknown ? by : 0;
        break;
    default:
        t->exclusive = by == 1;
        break;
    }
}

static bool writes_run_together(const sally_session *s)
{
    const uint32_t both = SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES;
    return (sally_fs_traits(s->fs) & both) == both;
}

/* A WRITE whose effect depends on nothing but its own range. */
static bool is_free(const struct op *op)
{
    return op->kind == SALLY_OP_WRITE && !op->pub.file->appends;
}

/* What runs may change its offset on the way down: this is what the client asked for. */
static void note_range(struct op *op)
{
    const sally_op_io *io = &op->pub.u.io;
    op->write_from = io->offset;
    if (__builtin_add_overflow(io->offset, io->length, &op->write_to))
        op->write_to = UINT64_MAX;
}

static void count_write(struct file_inode *inode, const struct op *op, uint32_t by)
{
    inode->writes += by;
    if (!is_free(op))
        inode->bound_writes += by;
    else if (by == 1 && op->write_to > inode->writes_end)
        inode->writes_end = op->write_to;
    if (inode->writes == 0)
        inode->writes_end = 0;
}

static void count_running(struct op *op, uint32_t by)
{
    struct file_inode *inode = inode_of(op);
    enum op_order order = op->order;
    count(&op->session->active, op, by);
    if (op->kind == SALLY_OP_READDIR)
        op->pub.file->listing = by == 1;
    if (inode && order == ORDER_READ_FILE)
        inode->reads += by;
    else if (inode && order == ORDER_WRITE_FILE)
        count_write(inode, op, by);
}

/* The operation waits: later ones must not overtake it where the client could tell. */
static void count_ahead(struct order_counts *ahead, const struct op *op)
{
    sally_session *s = op->session;
    struct file_inode *inode = inode_of(op);
    count(ahead, op, 1);
    if (op->kind == SALLY_OP_READDIR)
        op->pub.file->listing_scan = s->scan_number;
    if (!inode)
        return;
    if (inode->scan != s->scan_number) {
        inode->scan = s->scan_number;
        inode->reads_ahead = inode->writes_ahead = 0;
    }
    inode->reads_ahead += op->order == ORDER_READ_FILE;
    inode->writes_ahead += op->order == ORDER_WRITE_FILE;
}

static bool may_read_file(const struct order_counts *ahead, const struct file_inode *inode,
                          uint64_t scan)
{
    if (!inode)
        return ahead->writes == 0;
    uint32_t waiting = inode->scan == scan ? inode->writes_ahead : 0;
    return ahead->unknown_writes == 0 && inode->writes + waiting == 0;
}

static bool no_write_waits(const struct order_counts *ahead, const struct op *op)
{
    const struct order_counts *active = &op->session->active;
    const struct file_inode *inode = inode_of(op);
    if (!inode)
        return ahead->writes == active->writes;
    return ahead->unknown_writes == active->unknown_writes &&
           (inode->scan != op->session->scan_number || inode->writes_ahead == 0);
}

static bool may_be_on_same_file(const struct op *a, const struct op *b)
{
    return !inode_of(a) || !inode_of(b) || inode_of(a) == inode_of(b);
}

static bool is_beside(const struct op *running, const struct op *op)
{
    if (running->order != ORDER_WRITE_FILE || !running->is_active ||
        !may_be_on_same_file(running, op))
        return true;
    return is_free(running) &&
           (op->write_from >= running->write_to || running->write_from >= op->write_to);
}

/* Earlier writes that may be on the same file run: whether this one may join them. */
static bool may_join_writes(const struct order_counts *ahead, struct op *op)
{
    const sally_session *s = op->session;
    const struct file_inode *inode = inode_of(op);
    if (!writes_run_together(s) || !is_free(op) || !no_write_waits(ahead, op))
        return false;
    note_range(op);
    /* A typical upload continues at its end. */
    if (inode && s->active.unknown_writes == 0 && inode->bound_writes == 0 &&
        op->write_from >= inode->writes_end)
        return true;
    LIST_EACH (item, &s->running) {
        if (!is_beside(CONTAINER_OF(item, struct op, run_link), op))
            return false;
    }
    return true;
}

static bool may_write_file(const struct order_counts *ahead, struct op *op)
{
    const struct file_inode *inode = inode_of(op);
    uint64_t scan = op->session->scan_number;
    if (ahead->reads > 0 || (!inode && ahead->file_reads > 0))
        return false;
    uint32_t waiting = inode && inode->scan == scan ? inode->reads_ahead : 0;
    if (inode && (ahead->unknown_reads > 0 || inode->reads + waiting > 0))
        return false;
    return may_read_file(ahead, inode, scan) || may_join_writes(ahead, op);
}

/* Whether the client cannot tell that earlier operations have not ended. `ahead` counts these. */
static bool may_start(const struct order_counts *ahead, struct op *op)
{
    const sally_file *file = op->pub.file;
    uint64_t scan = op->session->scan_number;
    switch (op->order) {
    case ORDER_READ:
        if (op->kind == SALLY_OP_READDIR && (file->listing || file->listing_scan == scan))
            return false; /* the storage keeps the position of a listing */
        return ahead->writes == 0;
    case ORDER_READ_FILE:
        return may_read_file(ahead, inode_of(op), scan);
    case ORDER_WRITE_FILE:
        return may_write_file(ahead, op);
    default:
        return ahead->reads + ahead->file_reads + ahead->writes == 0;
    }
}

static struct op *pick_concurrent(sally_session *s)
{
    struct order_counts ahead = s->active;
    s->scan_number++;
    LIST_EACH (item, &s->queue) {
        struct op *op = CONTAINER_OF(item, struct op, link);
        if (ahead.exclusive)
            return NULL;
        if (may_start(&ahead, op) && has_room(s, op))
            return op;
        count_ahead(&ahead, op);
    }
    return NULL;
}

struct op *queue_pop_first(sally_session *s)
{
    struct list *item = list_pop_first(&s->queue);
    if (!item)
        return NULL;
    s->queued--;
    return CONTAINER_OF(item, struct op, link);
}

static void pop(sally_session *s, struct op *op)
{
    list_remove(&op->link);
    s->queued--;
    s->charged_bytes += op->reply_bytes;
    op->charged_bytes = op->reply_bytes;
    op->is_active = true;
    if (op->kind == SALLY_OP_WRITE)
        note_range(op);
    count_running(op, 1);
}

struct op *queue_pop_startable(sally_session *s)
{
    struct list *head = list_first(&s->queue);
    struct op *op;
    if (!head)
        return NULL;
    if (sally_fs_traits(s->fs) & SALLY_FS_CONCURRENT) {
        op = pick_concurrent(s);
    } else {
        op = CONTAINER_OF(head, struct op, link);
        if (s->started != s->internal_ops || !has_room(s, op))
            return NULL;
    }
    if (op)
        pop(s, op);
    return op;
}

void queue_note_end(struct op *op)
{
    if (op->is_active)
        count_running(op, UINT32_MAX);
    op->is_active = false;
}

/* Operations that are known to be on another file may be overtaken by WRITEs of this one. */
static bool is_on_other_file(const struct op *op, const struct file_inode *inode)
{
    return inode && inode_of(op) && inode_of(op) != inode &&
           (op->order == ORDER_READ_FILE || op->order == ORDER_WRITE_FILE);
}

/* WRITEs that may run at the same time do not wait for each other. Operations in between must be on
 * other files; when the storage is not SALLY_FS_CONCURRENT there must be none. With before-hooks
 * for WRITE there are no followers, since these are called on the home thread first. */
bool queue_pop_followers(struct op *op)
{
    sally_session *s = op->session;
    bool concurrent = (sally_fs_traits(s->fs) & SALLY_FS_CONCURRENT) != 0;
    bool hooked = s->hooks && (s->hooks->before_mask & SALLY_OP_BIT(SALLY_OP_WRITE));
    size_t bytes = op->reply_bytes;
    uint32_t batch = 1;
    if (writes_run_together(s) || hooked || op->is_internal || session_is_closing(s) ||
        !list_empty(&op->followers))
        return false;
    LIST_EACH (item, &s->queue) {
        struct op *next = CONTAINER_OF(item, struct op, link);
        bool same = next->kind == SALLY_OP_WRITE && next->pub.file == op->pub.file;
        if (!same && concurrent && is_on_other_file(next, op->pub.file->inode))
            continue;
        bytes += next->reply_bytes;
        if (!same || !has_room(s, next) || bytes > MAX_BATCH_BYTES || ++batch > MAX_BATCH)
            break;
        pop(s, next);
        list_append(&op->followers, &next->link);
    }
    return !list_empty(&op->followers);
}

void queue_add(struct op *op)
{
    sally_session *s = op->session;
    op->order = order_of(op);
    if (op->order != ORDER_READ && op->order != ORDER_READ_FILE && op->kind != SALLY_OP_CLOSEDIR)
        s->changes++;
    op->stage = OP_QUEUED;
    list_append(&s->queue, &op->link);
    s->queued++;
}
