/* Listings of directories with mounts below them: first the mount points, with the attributes that
 * STAT gives, then what the storage has. */
#include <string.h>

#include "core/path.h"
#include "fs/mounts.h"

#define WANTED                                                                                     \
    (SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_IDS | SALLY_ATTR_NAMES |                       \
     SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_LINK_COUNT)

/* Entries that are looked up; in the operation's memory. */
struct mount_lookup {
    sally_fs *fs;
    sally_op *op;
    struct mounted_file *dir;
    char *path; /* of the entry; there is room for each */
    const char *name;
};

/* The name in `dir` on the way to the mount; its size is 0 where the mount is not below. */
static struct slice name_towards(const char *dir, const struct mount *mount)
{
    size_t size = dir[1] ? strlen(dir) : 0;
    if (!mount->size || !path_is_below(mount->path, dir) || !mount->path[size])
        return (struct slice){0};
    const char *name = mount->path + size + 1;
    return (struct slice){(const uint8_t *)name, strcspn(name, "/")};
}

static bool is_same(struct slice a, struct slice b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* The next name that is not there yet; its size is 0 after the last one. */
static struct slice next_name(const struct mounts *m, struct mounted_file *dir)
{
    while (dir->next < m->count) {
        struct slice name = name_towards(dir->path, &m->mount[dir->next++]);
        size_t before = 0;
        while (name.size && before + 1 < dir->next &&
               !is_same(name, name_towards(dir->path, &m->mount[before])))
            before++;
        if (name.size && before + 1 == dir->next)
            return name;
    }
    return (struct slice){0};
}

/* They were listed already, whatever the storage has there. */
static bool leave_mounts_out(void *context, sally_op *op, sally_entry *entry)
{
    const struct mounted_file *dir = context;
    const struct mounts *m = dir->mounts;
    const struct slice name = slice_of(entry->name);
    (void)op;
    for (size_t i = 0; i < m->count; i++)
        if (name.size && is_same(name, name_towards(dir->path, &m->mount[i])))
            return false;
    return true;
}

static void fill_stat(void *user_data, sally_op *op)
{
    (void)user_data;
    op->u.stat.wanted = WANTED;
}

static void go_on(struct mount_lookup *n);

static void looked_up(void *user_data, sally_op *stat, sally_status status)
{
    struct mount_lookup *n = user_data;
    sally_attrs attrs;
    sally_attrs_set_directory(&attrs, 0755);
    if (status == SALLY_OK)
        attrs = stat->u.stat.attrs;
    if (sally_op_add_entry(n->op, n->name, &attrs))
        go_on(n);
    else
        sally_op_finish(n->op, SALLY_OK);
}

static void go_on(struct mount_lookup *n)
{
    const struct mounts *m = sally_fs_data(n->fs);
    struct slice name = next_name(m, n->dir);
    sally_status end = n->dir->made_up ? SALLY_EOF : SALLY_OK;
    if (!name.size || sally_op_cancelled(n->op)) {
        sally_op_finish(n->op, name.size ? SALLY_FAILURE : end);
        return;
    }
    size_t size = n->dir->path[1] ? strlen(n->dir->path) : 0;
    memcpy(n->path + size + 1, name.data, name.size);
    n->path[size + 1 + name.size] = 0;
    n->name = n->path + size + 1;
    if (sally_fs_submit(n->fs, n->op->session, SALLY_OP_STAT, n->path, fill_stat, looked_up, n))
        sally_op_finish(n->op, SALLY_FAILURE);
}

static sally_status give_mounts(sally_fs *fs, sally_op *op, struct mounted_file *dir)
{
    const struct mounts *m = sally_fs_data(fs);
    size_t size = dir->path[1] ? strlen(dir->path) : 0, longest = 0;
    for (size_t i = 0; i < m->count; i++)
        if (m->mount[i].size > longest)
            longest = m->mount[i].size;
    struct mount_lookup *n = sally_op_alloc(op, sizeof(*n));
    char *path = sally_op_alloc(op, size + longest + 2);
    if (!n || !path)
        return SALLY_FAILURE;
    memcpy(path, dir->path, size);
    path[size] = '/';
    *n = (struct mount_lookup){.fs = fs, .op = op, .dir = dir, .path = path};
    op->flags &= ~(uint32_t)SALLY_OP_TRY;
    go_on(n);
    return SALLY_PENDING;
}

sally_status mounts_list(sally_fs *fs, sally_op *op, struct mounted_file *dir)
{
    struct mounts *m = sally_fs_data(fs);
    if (mounts_has_below(m, dir->path)) {
        if (dir->next < m->count)
            return give_mounts(fs, op, dir);
        if (dir->made_up)
            return SALLY_EOF;
        if (sally_op_filter_entries(op, leave_mounts_out, dir) != SALLY_E_OK)
            return SALLY_FAILURE;
    }
    op->path = mounts_inside(dir->mount, dir->path);
    return sally_fs_call(fs, dir->mount->fs, op, NULL, NULL);
}
