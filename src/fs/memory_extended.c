/* The storage in memory: EXTENDED. */
#include "fs/extended.h"
#include "fs/memory.h"
#include "fs/memory_xattr.h"

struct xattr_target {
    struct mem_tree *tree;
    struct mem_node *node;
};

static ssize_t get(void *context, const char *name, void *value, size_t room)
{
    const struct xattr_target *target = context;
    return mem_xattr_get(target->node, name, value, room);
}

static ssize_t list(void *context, char *names, size_t room)
{
    const struct xattr_target *target = context;
    return mem_xattr_list(target->node, names, room);
}

static bool set(void *context, const char *name, const void *value, size_t size,
                enum os_xattr_how how)
{
    const struct xattr_target *target = context;
    return mem_xattr_set(target->tree, target->node, name, value, size, how);
}

static bool remove_one(void *context, const char *name)
{
    const struct xattr_target *target = context;
    return mem_xattr_remove(target->tree, target->node, name);
}

static bool next_data(void *context, uint64_t *at, uint64_t end, uint64_t *data)
{
    const struct xattr_target *target = context;
    return mem_data_next(&target->node->u.data, at, end, data);
}

static sally_status answer(struct memory *memory, sally_op *op, struct mem_node *node)
{
    struct xattr_target target = {.tree = &memory->tree, .node = node};
    const struct extended_source source = {.context = &target,
                                           .only_users = true,
                                           .get = get,
                                           .list = list,
                                           .set = set,
                                           .remove = remove_one,
                                           .next_data = next_data};
    return extended_answer(op, &source);
}

sally_status memory_extended(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    enum extended_on on = extended_on(op);
    const struct mem_handle *handle = op->file ? sally_file_data(op->file, fs) : NULL;
    if (on == EXTENDED_NOTHING)
        return SALLY_UNSUPPORTED;
    if (on != EXTENDED_PATH && !handle)
        return SALLY_INVALID_HANDLE;
    if (on == EXTENDED_REGULAR_FILE && !S_ISREG(handle->node->mode))
        return SALLY_INVALID_HANDLE;
    if (extended_changes(op))
        pthread_rwlock_wrlock(&memory->lock);
    else
        pthread_rwlock_rdlock(&memory->lock);
    struct mem_node *node = handle ? handle->node : NULL;
    int error = on == EXTENDED_PATH ? mem_find(memory_top(fs), op->path, false, &node) : 0;
    sally_status status = error ? sally_status_from_errno(error) : answer(memory, op, node);
    pthread_rwlock_unlock(&memory->lock);
    return status;
}
