#include "session.h"

static int inode_of(const sally_file *file)
{
    return file && file->identified ? (int)(file->device * 100 + file->number) : -1;
}

void order_note_asked(struct stress *x, const struct op *op)
{
    enum op_order order = op_kind(op->kind)->order;
    if (op->kind == SALLY_OP_OPEN && (op->pub.u.open.flags & SALLY_OPEN_CREATE))
        order = ORDER_EXCLUSIVE;
    pthread_mutex_lock(&x->lock);
    x->requests[x->request_count++] = (struct request){.op = op,
                                                       .kind = op->kind,
                                                       .number = ++x->last_number,
                                                       .order = order,
                                                       .file = op->pub.file,
                                                       .inode = inode_of(op->pub.file)};
    if (op->kind == SALLY_OP_WRITE) {
        struct request *r = &x->requests[x->request_count - 1];
        r->from = op->pub.u.io.offset;
        r->to = r->from + op->pub.u.io.length;
        r->appends = (op->pub.file->facts.open_flags & SALLY_OPEN_APPEND) != 0;
    }
    pthread_mutex_unlock(&x->lock);
}

/* With the lock. NULL: it is the program's or the library's own. */
static struct request *find(struct stress *x, const struct op *op)
{
    for (uint32_t i = 0; i < x->request_count; i++)
        if (x->requests[i].op == op)
            return &x->requests[i];
    return NULL;
}

void order_note_answered(struct stress *x, const struct op *op)
{
    pthread_mutex_lock(&x->lock);
    struct request *r = find(x, op);
    if (!r)
        stress_fail("%s was answered twice", sally_op_kind_name(op->kind));
    *r = x->requests[--x->request_count];
    pthread_mutex_unlock(&x->lock);
}

bool order_is_asked(struct stress *x, uint64_t number)
{
    bool found = false;
    pthread_mutex_lock(&x->lock);
    for (uint32_t i = 0; i < x->request_count; i++)
        found |= x->requests[i].number == number;
    pthread_mutex_unlock(&x->lock);
    return found;
}

void order_note_written(struct stress *x, sally_op *op)
{
    pthread_mutex_lock(&x->lock);
    struct request *r = find(x, op_of(op));
    if (r)
        r->written = true;
    pthread_mutex_unlock(&x->lock);
}

static bool is_on_file(const struct request *r)
{
    return r->order == ORDER_READ_FILE || r->order == ORDER_WRITE_FILE;
}

static bool are_apart(const struct request *a, const struct request *b)
{
    return a->kind == SALLY_OP_WRITE && b->kind == SALLY_OP_WRITE && !a->appends && !b->appends &&
           (a->to <= b->from || b->to <= a->from);
}

/* Whether the second could notice that the first has not ended. */
static bool collide(const struct stress *x, const struct request *a, const struct request *b)
{
    if (a->order == ORDER_EXCLUSIVE || b->order == ORDER_EXCLUSIVE)
        return true;
    if (a->kind == SALLY_OP_READDIR && b->kind == SALLY_OP_READDIR && a->file == b->file)
        return true; /* the storage keeps the position */
    if (a->order != ORDER_WRITE_FILE && b->order != ORDER_WRITE_FILE)
        return false;
    if (!is_on_file(a) || !is_on_file(b))
        return true;
    if ((x->traits & SALLY_FS_CONCURRENT_WRITES) && are_apart(a, b))
        return false;
    return a->inode < 0 || b->inode < 0 || a->inode == b->inode;
}

void order_check(struct stress *x, sally_op *op)
{
    if (op->flags & SALLY_OP_INTERNAL)
        return;
    pthread_mutex_lock(&x->lock);
    const struct request *r = find(x, op_of(op));
    for (uint32_t i = 0; r && i < x->request_count; i++) {
        const struct request *other = &x->requests[i];
        if (other->number >= r->number || other->written)
            continue;
        if (!(x->traits & SALLY_FS_CONCURRENT) || collide(x, other, r))
            stress_fail("%s has overtaken %s", sally_op_kind_name(r->kind),
                        sally_op_kind_name(other->kind));
    }
    pthread_mutex_unlock(&x->lock);
}
