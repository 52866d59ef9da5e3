/* The storage in memory: EXTENDED. */
#include <string.h>

#include "fs/extended.h"
#include "fs/memory.h"
#include "fs/memory_extra.h"

struct thing {
    struct mem_tree *tree;
    struct mem_node *node;
};

/* As in the local storage: the other names mean something to machines. */
static bool is_allowed(const void *context, const char *name)
{
    (void)context;
    return strncmp(name, "user.", 5) == 0;
}

static ssize_t get(void *context, const char *name, void *value, size_t room)
{
    const struct thing *thing = context;
    return mem_xattr_get(thing->node, name, value, room);
}

static ssize_t list(void *context, char *names, size_t room)
{
    const struct thing *thing = context;
    return mem_xattr_list(thing->node, names, room);
}

static bool set(void *context, const char *name, const void *value, size_t size,
                enum os_xattr_how how)
{
    const struct thing *thing = context;
    return mem_xattr_set(thing->tree, thing->node, name, value, size, how);
}

static bool take_away(void *context, const char *name)
{
    const struct thing *thing = context;
    return mem_xattr_remove(thing->tree, thing->node, name);
}

static bool next_data(void *context, uint64_t *at, uint64_t end, uint64_t *data)
{
    const struct thing *thing = context;
    return mem_data_next(&thing->node->u.data, at, end, data);
}

static sally_status answer(struct memory *memory, sally_op *op, struct mem_node *node)
{
    struct thing thing = {.tree = &memory->tree, .node = node};
    const struct extended_source source = {.context = &thing,
                                           .is_allowed = is_allowed,
                                           .get = get,
                                           .list = list,
                                           .set = set,
                                           .remove = take_away,
                                           .next_data = next_data};
    return extended_answer(op, &source);
}

sally_status memory_extended(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    enum extended_on on = extended_on(op);
    const struct mem_handle *handle = op->file ? sally_file_get(op->file, fs) : NULL;
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
