/* A directory of a local storage as a storage of its own. It holds a descriptor of the directory
 * and resolves all paths below it, even if the parent is unconfined. Locks, policy and all else are
 * shared. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "fs/local.h"
#include "fs/subtree.h"
#include "fs/wrap.h"

struct local_subtree {
    struct local local; /* must be first; only `shared` is valid before the directory is found */
    struct subtree subtree;
};

static void local_subtree_destroy(void *user_data)
{
    struct local_subtree *p = user_data;
    if (p->local.where.root >= 0)
        close(p->local.where.root);
    subtree_clear(&p->subtree);
    mem_free(p);
}

static sally_status enter(sally_fs *fs, sally_op *op)
{
    if (fs->methods.destroy != local_subtree_destroy)
        return SALLY_OK;
    struct local_subtree *p = sally_fs_data(fs);
    return subtree_enter(&p->subtree, op);
}

static sally_status find(struct subtree *subtree, sally_op *op)
{
    struct local_subtree *p = CONTAINER_OF(subtree, struct local_subtree, subtree);
    struct local *local = &p->local;
    sally_status status = enter(subtree->parent, op);
    if (status != SALLY_OK)
        return status;
    const struct local *parent = local_of(subtree->parent);
    struct os_stat st;
    int root = in_root_open(&parent->where, subtree->root, O_PATH | O_DIRECTORY, 0);
    if (root < 0)
        return local_error(errno);
    enum os_medium medium = os_medium_of(root);
    if (medium == MEDIUM_PSEUDO || !os_stat_fd(root, &st)) {
        status = local_error(medium == MEDIUM_PSEUDO ? EACCES : errno);
        close(root);
        return status;
    }
    local->where = (struct in_root){.root = root,
                                    .confined = true,
                                    .walk = parent->where.walk,
                                    .device = st.device,
                                    .hidden = &local->shared->hidden};
    local->device = st.device;
    local->medium = medium;
    return SALLY_OK;
}

static sally_status local_subtree_slot(sally_fs *fs, sally_op *op)
{
    sally_status status = enter(fs, op);
    return status == SALLY_OK ? subtree_call(&local_methods, fs, op) : status;
}

sally_error local_subtree(sally_fs *fs, const char *root, sally_fs **out)
{
    struct local_subtree *p = mem_zalloc(sizeof(*p));
    if (!p || !subtree_init(&p->subtree, fs, root, find)) {
        mem_free(p);
        return SALLY_E_NO_MEMORY;
    }
    p->local.shared = local_of(fs)->shared;
    p->local.where.root = -1;
    sally_fs_methods methods;
    wrap_methods(&methods, fs, local_subtree_slot);
    methods.destroy = local_subtree_destroy;
    sally_error error = sally_fs_new(out, &methods, &p->local);
    if (error == SALLY_E_OK)
        (*out)->subtree = local_subtree;
    else
        local_subtree_destroy(p);
    return error;
}
