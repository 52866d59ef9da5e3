/* The storage in memory: creating, removing and renaming, links, canonical paths. */
#include <errno.h>
#include <string.h>

#include "core/path.h"
#include "fs/memory.h"
#include "sallyport/session.h"

static sally_status status_of(int error)
{
    return sally_status_from_errno(error);
}

/* Creates a node with an unused name. */
static int make(const struct mem_view *view, const char *path, uint32_t mode, const char *target,
                const sally_attrs *attrs)
{
    struct mem_tree *tree = &view->memory->tree;
    struct mem_spot spot;
    int error = mem_resolve(view->top, path, false, &spot);
    if (error)
        return error;
    if (spot.node)
        return EEXIST;
    struct mem_node *node = mem_node_new(tree, mode, target);
    if (!node)
        return ENOSPC;
    error = attrs ? memory_set_acl_and_bits(tree, node, attrs) : 0;
    if (!error)
        error = mem_link(tree, spot.dir, spot.name, node);
    if (error)
        mem_release(tree, node);
    return error;
}

sally_status memory_mkdir(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    uint32_t mode = S_IFDIR | memory_new_mode(op->u.setstat.attrs, 0777);
    pthread_rwlock_wrlock(&memory->lock);
    int error = make(memory_view(fs), op->path, mode, NULL, op->u.setstat.attrs);
    pthread_rwlock_unlock(&memory->lock);
    return status_of(error);
}

sally_status memory_symlink(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    const char *target = op->u.symlink.target;
    if (!*target)
        return status_of(ENOENT);
    if (strlen(target) > PATH_MAX_BYTES)
        return status_of(ENAMETOOLONG);
    pthread_rwlock_wrlock(&memory->lock);
    int error = make(memory_view(fs), op->path, S_IFLNK | 0777, target, NULL);
    pthread_rwlock_unlock(&memory->lock);
    return status_of(error);
}

static int remove_name(const struct mem_view *view, const char *path, bool directory)
{
    struct mem_spot spot;
    int error = mem_resolve(view->top, path, false, &spot);
    if (error)
        return error;
    if (!spot.node)
        return ENOENT;
    if (!directory && S_ISDIR(spot.node->mode))
        return EISDIR;
    if (directory && !S_ISDIR(spot.node->mode))
        return ENOTDIR;
    if (!spot.name[0])
        return EPERM; /* the root */
    if (directory && spot.node->u.dir.count)
        return ENOTEMPTY;
    mem_unlink(&view->memory->tree, spot.dir, spot.name);
    return 0;
}

/* Before a name is removed: whether others have reserved the file. */
static sally_status check_reserved(const struct mem_view *view, const char *path, sally_op *op)
{
    struct memory *memory = view->memory;
    struct mem_spot spot;
    if (!locks_any(&memory->locks) || mem_resolve(view->top, path, false, &spot) != 0 || !spot.node)
        return SALLY_OK;
    return locks_check_delete_slowly(&memory->locks, memory_key(spot.node), op);
}

sally_status memory_remove(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    pthread_rwlock_wrlock(&memory->lock);
    sally_status status = check_reserved(memory_view(fs), op->path, op);
    if (status == SALLY_OK)
        status = status_of(remove_name(memory_view(fs), op->path, false));
    pthread_rwlock_unlock(&memory->lock);
    return status;
}

sally_status memory_rmdir(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    pthread_rwlock_wrlock(&memory->lock);
    int error = remove_name(memory_view(fs), op->path, true);
    pthread_rwlock_unlock(&memory->lock);
    return status_of(error);
}

/* As rename(2) has it. */
static int may_replace(const struct mem_node *from, const struct mem_node *to)
{
    if (S_ISDIR(from->mode) && !S_ISDIR(to->mode))
        return ENOTDIR;
    if (!S_ISDIR(from->mode) && S_ISDIR(to->mode))
        return EISDIR;
    if (S_ISDIR(to->mode) && to->u.dir.count)
        return ENOTEMPTY;
    return 0;
}

static int rename_node(const struct mem_view *view, const char *path, const char *to_path,
                       bool overwrite)
{
    struct mem_tree *tree = &view->memory->tree;
    struct mem_spot from, to;
    int error = mem_resolve(view->top, path, false, &from);
    if (!error)
        error = mem_resolve(view->top, to_path, false, &to);
    if (!error && !from.node)
        error = ENOENT;
    if (error)
        return error;
    if (!from.name[0] || !to.name[0])
        return EPERM;
    if (to.node && !overwrite)
        return EEXIST;
    if (to.node == from.node)
        return 0; /* the same file under either name: rename(2) leaves both */
    if (S_ISDIR(from.node->mode) && mem_is_above(from.node, to.dir))
        return EINVAL;
    if (to.node && (error = may_replace(from.node, to.node)) != 0)
        return error;
    if (to.node) { /* its name is reused, so that nothing can fail halfway */
        mem_replace(tree, to.dir, to.name, from.node);
        error = 0;
    } else {
        error = mem_link(tree, to.dir, to.name, from.node);
    }
    if (!error)
        mem_unlink(tree, from.dir, from.name);
    return error;
}

sally_status memory_rename(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    bool overwrite = (op->u.rename.flags & SALLY_RENAME_OVERWRITE) != 0;
    pthread_rwlock_wrlock(&memory->lock);
    sally_status status = check_reserved(memory_view(fs), op->path, op);
    if (status == SALLY_OK && overwrite)
        status = check_reserved(memory_view(fs), op->u.rename.to, op);
    if (status == SALLY_OK)
        status = status_of(rename_node(memory_view(fs), op->path, op->u.rename.to, overwrite));
    pthread_rwlock_unlock(&memory->lock);
    return status;
}

static int link_node(const struct mem_view *view, const char *path, const char *to)
{
    struct mem_node *node;
    struct mem_spot spot;
    int error = mem_find(view->top, path, false, &node);
    if (!error)
        error = mem_resolve(view->top, to, false, &spot);
    if (error)
        return error;
    if (spot.node)
        return EEXIST;
    if (S_ISDIR(node->mode))
        return EPERM;
    error = mem_link(&view->memory->tree, spot.dir, spot.name, node);
    if (!error)
        node->changed = mem_now();
    return error;
}

sally_status memory_link(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    pthread_rwlock_wrlock(&memory->lock);
    int error = link_node(memory_view(fs), op->path, op->u.rename.to);
    pthread_rwlock_unlock(&memory->lock);
    return status_of(error);
}

sally_status memory_readlink(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    struct mem_node *node;
    pthread_rwlock_rdlock(&memory->lock);
    int error = mem_find(memory_top(fs), op->path, false, &node);
    sally_status status = status_of(error);
    if (!error)
        status = S_ISLNK(node->mode) ? sally_op_set_result(op, node->u.target) : status_of(EINVAL);
    pthread_rwlock_unlock(&memory->lock);
    return status;
}

sally_status memory_realpath(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    uint32_t how = op->u.text.flags;
    struct mem_spot spot;
    struct buf path;
    if (how == SALLY_REALPATH_NO_CHECK)
        return sally_op_set_result(op, op->path);
    buf_init(&path, PATH_MAX_BYTES + 1);
    pthread_rwlock_rdlock(&memory->lock);
    int error = mem_resolve(memory_top(fs), op->path, true, &spot);
    if (!error && !spot.node && how == SALLY_REALPATH_STAT_ALWAYS)
        error = ENOENT;
    if (!error) {
        mem_path_of(memory_top(fs), spot.dir, &path);
        if (spot.name[0]) {
            if (path.size > 1)
                put_u8(&path, '/');
            put_bytes(&path, spot.name, strlen(spot.name));
        }
        put_u8(&path, 0);
        if (path.failed)
            error = ENAMETOOLONG;
        if (spot.node)
            memory_attrs_of(memory, &op->u.text.attrs, spot.node);
    }
    pthread_rwlock_unlock(&memory->lock);

    sally_status status = status_of(error);
    if (!error)
        status = sally_op_set_result(op, (const char *)buf_head(&path));
    else if (error == ENOENT && how != SALLY_REALPATH_STAT_ALWAYS &&
             sally_session_version(op->session) >= 6)
        status = sally_op_set_result(op, op->path); /* there nothing has to exist */
    buf_clear(&path);
    return status;
}
