/* A directory of a storage in memory as a storage of its own: every path is resolved from that
 * directory, under the lock. */
#include <errno.h>

#include "base/mem.h"
#include "fs/memory.h"
#include "fs/subtree.h"
#include "fs/wrap.h"

struct memory_subtree {
    struct mem_view view; /* must be first; `top` is NULL before the directory is found */
    struct subtree subtree;
};

static void memory_subtree_destroy(void *user_data)
{
    struct memory_subtree *p = user_data;
    struct memory *memory = p->view.memory;
    if (p->view.top) {
        pthread_rwlock_wrlock(&memory->lock);
        p->view.top->handles--;
        mem_release(&memory->tree, p->view.top);
        pthread_rwlock_unlock(&memory->lock);
    }
    subtree_clear(&p->subtree);
    mem_free(p);
}

static sally_status enter(sally_fs *fs, sally_op *op)
{
    if (fs->methods.destroy != memory_subtree_destroy)
        return SALLY_OK;
    struct memory_subtree *p = sally_fs_data(fs);
    return subtree_enter(&p->subtree, op);
}

/* Holds the directory like an open file, so that it survives its removal. */
static sally_status find(struct subtree *subtree, sally_op *op)
{
    struct memory_subtree *p = CONTAINER_OF(subtree, struct memory_subtree, subtree);
    struct memory *memory = p->view.memory;
    struct mem_node *top;
    sally_status status = enter(subtree->parent, op);
    if (status != SALLY_OK)
        return status;
    pthread_rwlock_wrlock(&memory->lock);
    int error = mem_find(memory_top(subtree->parent), subtree->root, true, &top);
    if (!error && !S_ISDIR(top->mode))
        error = ENOTDIR;
    if (!error) {
        top->handles++;
        p->view.top = top;
    }
    pthread_rwlock_unlock(&memory->lock);
    return sally_status_from_errno(error);
}

static sally_status memory_subtree_slot(sally_fs *fs, sally_op *op)
{
    sally_status status = enter(fs, op);
    return status == SALLY_OK ? subtree_call(&memory_methods, fs, op) : status;
}

sally_error memory_subtree(sally_fs *fs, const char *root, sally_fs **out)
{
    struct memory_subtree *p = mem_zalloc(sizeof(*p));
    if (!p || !subtree_init(&p->subtree, fs, root, find)) {
        mem_free(p);
        return SALLY_E_NO_MEMORY;
    }
    p->view.memory = memory_of(fs);
    sally_fs_methods methods;
    wrap_methods(&methods, fs, memory_subtree_slot);
    methods.destroy = memory_subtree_destroy;
    sally_error error = sally_fs_new(out, &methods, &p->view);
    if (error == SALLY_E_OK)
        (*out)->subtree = memory_subtree;
    else
        memory_subtree_destroy(p);
    return error;
}
