/* A directory of a storage in memory as a storage of its own: every path is resolved from that
 * directory, under the lock. */
#include <errno.h>

#include "base/mem.h"
#include "fs/memory.h"
#include "fs/part.h"
#include "fs/wrap.h"

struct memory_part {
    struct mem_view view; /* first; `top` is NULL before the directory is found */
    struct part part;
};

static void memory_part_destroy(void *user_data)
{
    struct memory_part *p = user_data;
    struct memory *memory = p->view.memory;
    if (p->view.top) {
        pthread_rwlock_wrlock(&memory->lock);
        p->view.top->handles--;
        mem_release(&memory->tree, p->view.top);
        pthread_rwlock_unlock(&memory->lock);
    }
    part_clear(&p->part);
    mem_free(p);
}

static sally_status enter(sally_fs *fs, sally_op *op)
{
    if (fs->methods.destroy != memory_part_destroy)
        return SALLY_OK;
    struct memory_part *p = sally_fs_data(fs);
    return part_enter(&p->part, op);
}

/* Held as an open file is, so that it stays when it is removed. */
static sally_status find(struct part *part, sally_op *op)
{
    struct memory_part *p = CONTAINER_OF(part, struct memory_part, part);
    struct memory *memory = p->view.memory;
    struct mem_node *top;
    sally_status status = enter(part->parent, op);
    if (status != SALLY_OK)
        return status;
    pthread_rwlock_wrlock(&memory->lock);
    int error = mem_find(memory_top(part->parent), part->root, true, &top);
    if (!error && !S_ISDIR(top->mode))
        error = ENOTDIR;
    if (!error) {
        top->handles++;
        p->view.top = top;
    }
    pthread_rwlock_unlock(&memory->lock);
    return sally_status_from_errno(error);
}

static sally_status memory_part_slot(sally_fs *fs, sally_op *op)
{
    sally_status status = enter(fs, op);
    return status == SALLY_OK ? part_call(&memory_methods, fs, op) : status;
}

sally_error memory_sub(sally_fs *fs, const char *root, sally_fs **out)
{
    struct memory_part *p = mem_zalloc(sizeof(*p));
    if (!p || !part_init(&p->part, fs, root, find)) {
        mem_free(p);
        return SALLY_E_NO_MEMORY;
    }
    p->view.memory = memory_of(fs);
    sally_fs_methods methods;
    wrap_methods(&methods, fs, memory_part_slot);
    methods.destroy = memory_part_destroy;
    sally_error error = sally_fs_new(out, &methods, &p->view);
    if (error == SALLY_E_OK)
        (*out)->sub = memory_sub;
    else
        memory_part_destroy(p);
    return error;
}
