/* The storage in memory: OPEN and CLOSE. */
#include <errno.h>

#include "base/mem.h"
#include "fs/memory.h"

/* Finds or makes the file. */
static int open_node(const struct mem_view *view, const sally_op *op, struct mem_node **out)
{
    struct mem_tree *tree = &view->memory->tree;
    uint32_t flags = op->u.open.flags;
    bool create = (flags & SALLY_OPEN_CREATE) != 0;
    bool must_be_new = create && (flags & SALLY_OPEN_EXCLUSIVE);
    struct mem_spot spot;
    int error =
        mem_resolve(view->top, op->path, !must_be_new && !(flags & SALLY_OPEN_NOFOLLOW), &spot);
    if (error)
        return error;
    struct mem_node *node = spot.node;
    if (node && must_be_new)
        return EEXIST;
    if (node && S_ISLNK(node->mode))
        return ELOOP;
    if (node && S_ISDIR(node->mode))
        return EISDIR;
    if (!node && !create)
        return ENOENT;
    if (!node) {
        node = mem_node_new(tree, S_IFREG | memory_new_mode(op->u.open.attrs, 0666), NULL);
        if (!node)
            return ENOSPC;
        error = memory_set_acl_and_bits(tree, node, op->u.open.attrs);
        if (!error)
            error = mem_link(tree, spot.dir, spot.name, node);
        if (error) {
            mem_release(tree, node);
            return error;
        }
    }
    *out = node;
    return 0;
}

/* Truncates the file only if no lock or reservation forbids it. */
static sally_status enter(struct memory *memory, sally_op *op, struct mem_handle *handle)
{
    const sally_op_open *how = &op->u.open;
    lock_holder_init(&handle->holder, op, how->flags, how->desired_access);
    sally_status status =
        locks_enter(&memory->locks, &handle->holder, memory_key(handle->node), op);
    if (status != SALLY_OK || !(how->flags & SALLY_OPEN_TRUNCATE))
        return status;
    status = locks_check_io(&memory->locks, &handle->holder, 0, UINT64_MAX, true, op);
    if (status == SALLY_OK) {
        mem_data_clear(&handle->node->u.data, &memory->tree.budget);
        mem_touch(handle->node);
    } else {
        locks_leave(&memory->locks, &handle->holder);
    }
    return status;
}

sally_status memory_open(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    uint32_t flags = op->u.open.flags;
    if ((flags & SALLY_OPEN_TRUNCATE) && !(flags & MEM_WRITES))
        return SALLY_INVALID_PARAMETER;
    struct mem_handle *handle = mem_zalloc(sizeof(*handle));
    if (!handle)
        return SALLY_FAILURE;
    handle->flags = flags;
    bool ready =
        !(flags & SALLY_OPEN_DELETE_ON_CLOSE) || (handle->delete_path = mem_strdup(op->path));
    if (!ready || sally_file_set_data(op->file, fs, handle, NULL) != SALLY_E_OK) {
        mem_free(handle->delete_path);
        mem_free(handle);
        return SALLY_FAILURE;
    }
    pthread_rwlock_wrlock(&memory->lock);
    int error = open_node(memory_view(fs), op, &handle->node);
    sally_status status = error ? sally_status_from_errno(error) : enter(memory, op, handle);
    if (status == SALLY_OK) {
        handle->node->handles++;
        sally_file_set_identity(op->file, memory_device(memory), handle->node->inode);
    }
    pthread_rwlock_unlock(&memory->lock);
    if (status != SALLY_OK) {
        sally_file_set_data(op->file, fs, NULL, NULL);
        mem_free(handle->delete_path);
        mem_free(handle);
    }
    return status;
}

static void delete_name(const struct mem_view *view, const struct mem_handle *handle)
{
    struct mem_spot spot;
    if (mem_resolve(view->top, handle->delete_path, false, &spot) == 0 && spot.node == handle->node)
        mem_unlink(&view->memory->tree, spot.dir, spot.name);
}

sally_status memory_close(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    struct mem_handle *handle = sally_file_data(op->file, fs);
    pthread_rwlock_wrlock(&memory->lock);
    if (handle->delete_path)
        delete_name(memory_view(fs), handle);
    locks_leave(&memory->locks, &handle->holder);
    handle->node->handles--;
    if (handle->flags & MEM_WRITES)
        mem_data_fit(&handle->node->u.data, &memory->tree.budget);
    mem_release(&memory->tree, handle->node);
    pthread_rwlock_unlock(&memory->lock);
    mem_free(handle->delete_path);
    mem_free(handle);
    sally_file_set_data(op->file, fs, NULL, NULL);
    return SALLY_OK;
}
