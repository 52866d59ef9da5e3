/* Which storage a path belongs to, and what the storages inside have at the moment. */
#include <string.h>

#include "core/path.h"
#include "fs/mounts.h"

const struct mount *mounts_find(const struct mounts *m, const char *path)
{
    const struct mount *mount = m->mount;
    while (mount->size && !path_is_below(path, mount->path))
        mount++;
    return mount;
}

const char *mounts_inside(const struct mount *mount, const char *path)
{
    return path[mount->size] ? path + mount->size : "/";
}

bool mounts_has_below(const struct mounts *m, const char *path)
{
    for (const struct mount *mount = m->mount; mount->size; mount++)
        if (path_is_below(mount->path, path) && strcmp(mount->path, path) != 0)
            return true;
    return false;
}

bool mounts_is_fixed(const struct mounts *m, const struct mount *mount, const char *path)
{
    return strcmp(mounts_inside(mount, path), "/") == 0 || mounts_has_below(m, path);
}

static sally_status passed(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct mounts *m = sally_fs_data(fs);
    struct passing *p = context;
    pthread_mutex_lock(&m->lock);
    list_remove(&p->link);
    pthread_mutex_unlock(&m->lock);
    return p->then ? p->then(fs, op, status, p->context) : status;
}

/* Only what can be cancelled is noted: the local and the memory storage need no lock for this. */
sally_status mounts_pass(sally_fs *fs, const struct mount *mount, sally_op *op, sally_done_fn *then,
                         void *context, struct passing *p)
{
    struct mounts *m = sally_fs_data(fs);
    if (!mount->fs->methods.cancel)
        return sally_fs_call(fs, mount->fs, op, then, context);
    if (!p)
        p = sally_op_alloc(op, sizeof(*p));
    if (!p)
        return SALLY_FAILURE;
    *p = (struct passing){.op = op, .inner = mount->fs, .then = then, .context = context};
    pthread_mutex_lock(&m->lock);
    list_append(&m->passing, &p->link);
    pthread_mutex_unlock(&m->lock);
    sally_status status = sally_fs_call(fs, mount->fs, op, passed, p);
    if (status == SALLY_WOULD_BLOCK) {
        pthread_mutex_lock(&m->lock);
        list_remove(&p->link);
        pthread_mutex_unlock(&m->lock);
    }
    return status;
}

void mounts_cancel(sally_fs *fs, sally_op *op)
{
    struct mounts *m = sally_fs_data(fs);
    sally_fs *inner = NULL;
    pthread_mutex_lock(&m->lock);
    LIST_EACH (item, &m->passing) {
        const struct passing *p = CONTAINER_OF(item, struct passing, link);
        if (p->op == op)
            inner = p->inner;
    }
    pthread_mutex_unlock(&m->lock);
    if (inner)
        sally_fs_cancel(inner, op);
}
