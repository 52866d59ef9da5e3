/* Which storage a path belongs to. */
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
