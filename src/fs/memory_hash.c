/* The storage in memory: HASH, of an open file or by path. */
#include <errno.h>

#include "fs/memory.h"

/* In the operation's memory. */
struct hash_reading {
    struct memory *memory;
    struct mem_node *node;
    struct lock_holder holder; /* by path */
};

static sally_status read_some(void *context, uint64_t offset, void *data, size_t size, size_t *got)
{
    const struct hash_reading *reading = context;
    pthread_rwlock_rdlock(&reading->memory->lock);
    *got = mem_data_read(&reading->node->u.data, offset, data, (uint32_t)size);
    pthread_rwlock_unlock(&reading->memory->lock);
    return SALLY_OK;
}

static sally_status answer(struct hash_reading *reading, sally_op *op,
                           const struct lock_holder *holder, void (*end)(void *context))
{
    const sally_op_hash *in = &op->u.hash;
    struct memory *memory = reading->memory;
    sally_status status = locks_check_io(&memory->locks, holder, in->offset,
                                         in->length ? in->length : UINT64_MAX, false, op);
    if (status == SALLY_OK) {
        pthread_rwlock_rdlock(&memory->lock);
        uint64_t size = reading->node->u.data.size;
        pthread_rwlock_unlock(&memory->lock);
        return digest_answer(&memory->digests, op, size, read_some, end, reading);
    }
    if (end)
        end(reading);
    return status;
}

/* Found and held, so it exists even if it is removed meanwhile. */
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

static void release(void *context)
{
    struct hash_reading *reading = context;
    struct memory *memory = reading->memory;
    pthread_rwlock_wrlock(&memory->lock);
    locks_leave(&memory->locks, &reading->holder);
    reading->node->handles--;
    mem_release(&memory->tree, reading->node);
    pthread_rwlock_unlock(&memory->lock);
}

static sally_status hash_by_path(const struct mem_view *view, sally_op *op,
                                 struct hash_reading *reading)
{
    lock_holder_init(&reading->holder, op, SALLY_OPEN_READ, 0);
    sally_status status = hold(view, op, &reading->node, &reading->holder);
    return status == SALLY_OK ? answer(reading, op, &reading->holder, release) : status;
}

sally_status memory_hash(sally_fs *fs, sally_op *op)
{
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct hash_reading *reading = sally_op_alloc(op, sizeof *reading);
    if (!reading)
        return SALLY_FAILURE;
    reading->memory = memory_of(fs);
    if (!op->file)
        return hash_by_path(memory_view(fs), op, reading);
    const struct mem_handle *handle = sally_file_data(op->file, fs);
    reading->node = handle->node;
    return answer(reading, op, &handle->holder, NULL);
}
