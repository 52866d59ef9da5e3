/* A directory of a local storage as a storage of its own. It has a descriptor of the directory, and
 * so the walls that the storage itself has, also where that has none. Locks, policy and all else
 * are shared. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "fs/local.h"
#include "fs/part.h"
#include "fs/wrap.h"

struct local_part {
    struct local local; /* first; only `shared` counts before the directory is found */
    struct part part;
};

static void local_part_destroy(void *user_data)
{
    struct local_part *p = user_data;
    if (p->local.where.root >= 0)
        close(p->local.where.root);
    part_clear(&p->part);
    mem_free(p);
}

static sally_status enter(sally_fs *fs, sally_op *op)
{
    if (fs->methods.destroy != local_part_destroy)
        return SALLY_OK;
    struct local_part *p = sally_fs_data(fs);
    return part_enter(&p->part, op);
}

static sally_status find(struct part *part, sally_op *op)
{
    struct local_part *p = CONTAINER_OF(part, struct local_part, part);
    struct local *local = &p->local;
    sally_status status = enter(part->parent, op);
    if (status != SALLY_OK)
        return status;
    const struct local *parent = local_of(part->parent);
    struct os_stat st;
    int root = beneath_open(&parent->where, part->root, O_PATH | O_DIRECTORY, 0);
    if (root < 0)
        return local_error(errno);
    if (!os_stat_fd(root, &st)) {
        status = local_error(errno);
        close(root);
        return status;
    }
    local->where = (struct beneath){
        .root = root, .confined = true, .walk = parent->where.walk, .device = st.device};
    local->device = st.device;
    local->medium = os_medium_of(root);
    return SALLY_OK;
}

static sally_status local_part_slot(sally_fs *fs, sally_op *op)
{
    sally_status status = enter(fs, op);
    return status == SALLY_OK ? part_call(&local_methods, fs, op) : status;
}

sally_error local_sub(sally_fs *fs, const char *root, sally_fs **out)
{
    struct local_part *p = mem_zalloc(sizeof(*p));
    if (!p || !part_init(&p->part, fs, root, find)) {
        mem_free(p);
        return SALLY_E_NO_MEMORY;
    }
    p->local.shared = local_of(fs)->shared;
    p->local.where.root = -1;
    sally_fs_methods methods;
    wrap_methods(&methods, fs, local_part_slot);
    methods.destroy = local_part_destroy;
    sally_error error = sally_fs_new(out, &methods, &p->local);
    if (error == SALLY_E_OK)
        (*out)->sub = local_sub;
    else
        local_part_destroy(p);
    return error;
}
