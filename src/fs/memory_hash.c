/* The storage in memory: HASH, of an open file or by path. */
#include <errno.h>

#include "fs/memory.h"

struct hash_reading {
    struct memory *memory;
    const struct mem_node *node;
};

static sally_status read_some(void *context, uint64_t offset, void *data, size_t size, size_t *got)
{
    const struct hash_reading *reading = context;
    pthread_rwlock_rdlock(&reading->memory->lock);
    *got = mem_data_read(&reading->node->u.data, offset, data, (uint32_t)size);
    pthread_rwlock_unlock(&reading->memory->lock);
    return SALLY_OK;
}

static sally_status answer(struct memory *memory, sally_op *op, const struct mem_node *node,
                           const struct lock_holder *holder)
{
    const sally_op_hash *in = &op->u.hash;
    struct hash_reading reading = {memory, node};
    sally_status status = locks_check_io(&memory->locks, holder, in->offset,
                                         in->length ? in->length : UINT64_MAX, false, op);
    if (status != SALLY_OK)
        return status;
    pthread_rwlock_rdlock(&memory->lock);
    uint64_t size = node->u.data.size;
    pthread_rwlock_unlock(&memory->lock);
    return digest_answer(&memory->digests, op, size, read_some, &reading);
}

/* Found and held, so that it stays whoever removes it meanwhile. */
static sally_status hold(const struct mem_view *view, sally_op *op, struct mem_node **node,
                         struct lock_holder *holder)
{
    struct memory *memory = view->memory;
    pthread_rwlock_wrlock(&memory->lock);
    int error = mem_find(view->top, op->path, true, node);
    if (!error && !S_ISREG((*node)->mode))
        error = EISDIR;
    sally_status status = sally_status_from_errno(error);
    if (!error)
        status = locks_enter(&memory->locks, holder, memory_key(*node), op);
    if (status == SALLY_OK)
        (*node)->handles++;
    pthread_rwlock_unlock(&memory->lock);
    return status;
}

static sally_status hash_by_path(const struct mem_view *view, sally_op *op)
{
    struct memory *memory = view->memory;
    struct mem_node *node;
    struct lock_holder holder;
    lock_holder_init(&holder, op, SALLY_OPEN_READ, 0);
    sally_status status = hold(view, op, &node, &holder);
    if (status != SALLY_OK)
        return status;
    status = answer(memory, op, node, &holder);
    pthread_rwlock_wrlock(&memory->lock);
    locks_leave(&memory->locks, &holder);
    node->handles--;
    mem_release(&memory->tree, node);
    pthread_rwlock_unlock(&memory->lock);
    return status;
}

sally_status memory_hash(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (!op->file)
        return hash_by_path(memory_view(fs), op);
    const struct mem_handle *handle = sally_file_get(op->file, fs);
    return answer(memory, op, handle->node, &handle->holder);
}
