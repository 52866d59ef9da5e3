/* Translation of paths between storages. */
#include <string.h>

#include "core/op_kinds.h"
#include "core/path.h"
#include "core/status.h"
#include "fs/mounts.h"
#include "sallyport/file.h"

static bool is_missing(sally_status status)
{
    return status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH ||
           status == SALLY_NOT_A_DIRECTORY;
}

/* A path of the storage as one of the whole tree, in the operation's memory; NULL: out of
 * memory. */
static const char *outside(const struct mount *mount, sally_op *op, const char *path)
{
    size_t size = path[1] || !mount->size ? strlen(path) : 0;
    char *whole = sally_op_alloc(op, mount->size + size + 1);
    if (!whole)
        return NULL;
    memcpy(whole, mount->path, mount->size);
    memcpy(whole + mount->size, path, size);
    whole[mount->size + size] = 0;
    return whole;
}

static sally_status text_answered(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct mounts *m = sally_fs_data(fs);
    const struct mount *mount = context;
    if (op->kind == SALLY_OP_REALPATH && is_missing(status)) {
        const char *path = outside(mount, op, op->path);
        if (path && mounts_has_below(m, path))
            return sally_op_set_result(op, path);
    }
    const char *text = op->u.text.result;
    if (status != SALLY_OK || !text || *text != '/')
        return status;
    op->u.text.result = outside(mount, op, text);
    return op->u.text.result ? SALLY_OK : SALLY_FAILURE;
}

static sally_status stat_answered(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    sally_attrs *attrs = &op->u.stat.attrs;
    (void)fs;
    (void)context;
    bool other = status == SALLY_OK && (attrs->valid & SALLY_ATTR_TYPE) &&
                 attrs->type != SALLY_TYPE_DIRECTORY;
    if (!is_missing(status) && !other)
        return status;
    sally_attrs_set_directory(attrs, 0755);
    return SALLY_OK;
}

static sally_status refuse(sally_op *op, sally_status status, const char *why)
{
    sally_op_set_message(op, why); /* without memory, only the status is returned */
    return status;
}

/* Where a link would lead, if no other links were on the way: into the same storage? */
static bool stays(const struct mounts *m, const struct mount *mount, const char *link,
                  const char *text, bool *known)
{
    struct buf clean;
    char *directory = mem_strdup(link);
    buf_init(&clean, PATH_MAX_BYTES + 1);
    bool same = true;
    *known = directory != NULL;
    if (directory) {
        char *end = strrchr(directory, '/');
        end[end == directory] = 0;
        sally_status status = path_normalise(&clean, directory, slice_of(text));
        /* An invalid path leads nowhere. */
        *known = status != SALLY_FAILURE;
        if (status == SALLY_OK)
            same = mounts_find(m, (const char *)buf_head(&clean)) == mount;
    }
    buf_clear(&clean);
    mem_free(directory);
    return same;
}

static sally_status symlink_answered(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    (void)fs;
    op->u.symlink.target = context;
    return status;
}

static sally_status make_link(sally_fs *fs, const struct mount *mount, sally_op *op)
{
    const struct mounts *m = sally_fs_data(fs);
    const char *text = op->u.symlink.target;
    bool known;
    if (!stays(m, mount, op->path, text, &known))
        return refuse(op, SALLY_UNSUPPORTED, "The link would point to another storage");
    if (!known)
        return SALLY_FAILURE;
    /* An absolute text that leads into the mount without beginning with its path, such as one with
     * "..", is left as it is. */
    if (mount->size && path_is_below(text, mount->path))
        op->u.symlink.target = mounts_inside(mount, text);
    op->path = mounts_inside(mount, op->path);
    sally_status status =
        sally_fs_call(fs, mount->fs, op, symlink_answered, (void *)(uintptr_t)text);
    if (status == SALLY_WOULD_BLOCK)
        op->u.symlink.target = text;
    return status;
}

static sally_status two_paths(sally_fs *fs, const struct mount *mount, sally_op *op)
{
    const struct mounts *m = sally_fs_data(fs);
    const struct mount *to = mounts_find(m, op->u.rename.to);
    bool moves = op->kind == SALLY_OP_RENAME;
    if (moves && mounts_is_fixed(m, mount, op->path))
        return refuse(op, SALLY_PERMISSION_DENIED, "A storage is mounted here");
    if (mounts_is_fixed(m, to, op->u.rename.to))
        return moves ? refuse(op, SALLY_PERMISSION_DENIED, "A storage is mounted there")
                     : SALLY_FILE_ALREADY_EXISTS;
    if (mount->fs != to->fs)
        return refuse(op, SALLY_FAILURE, "Not supported across storages");
    op->path = mounts_inside(mount, op->path);
    op->u.rename.to = mounts_inside(to, op->u.rename.to);
    return sally_fs_call(fs, mount->fs, op, NULL, NULL);
}

/* Of a directory that mounts keep in its place. PENDING: the storage may be asked. */
static sally_status fixed(const sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_REMOVE:
        return SALLY_FILE_IS_A_DIRECTORY;
    case SALLY_OP_RMDIR:
        return SALLY_PERMISSION_DENIED;
    case SALLY_OP_MKDIR:
    case SALLY_OP_SYMLINK:
        return SALLY_FILE_ALREADY_EXISTS;
    case SALLY_OP_READLINK:
        return SALLY_INVALID_PARAMETER;
    default:
        return SALLY_PENDING;
    }
}

/* LOOKUP_IDS, and unknown requests without a path. */
static sally_status without_path(sally_fs *fs, sally_op *op)
{
    const struct mounts *m = sally_fs_data(fs);
    size_t at = m->empty_root && m->storage_count > 1 ? 1 : 0;
    return sally_fs_call(fs, m->storages[at], op, NULL, NULL);
}

sally_status mounts_by_path(sally_fs *fs, sally_op *op)
{
    const struct mounts *m = sally_fs_data(fs);
    if (!op->path || op->kind == SALLY_OP_LOOKUP_IDS ||
        (op->kind == SALLY_OP_EXTENDED && strcmp(op->path, "/") == 0))
        return without_path(fs, op);
    const struct mount *mount = mounts_find(m, op->path);
    if (op_has_to(op))
        return two_paths(fs, mount, op);
    if (mounts_is_fixed(m, mount, op->path)) {
        sally_status status = fixed(op);
        if (status == SALLY_PERMISSION_DENIED)
            return refuse(op, status, "A storage is mounted here");
        if (status != SALLY_PENDING)
            return status;
    }
    sally_done_fn *then = NULL;
    if (op->kind == SALLY_OP_SYMLINK)
        return make_link(fs, mount, op);
    if (op->kind == SALLY_OP_READLINK || op->kind == SALLY_OP_REALPATH)
        then = text_answered;
    if (op->kind == SALLY_OP_STAT && mounts_has_below(m, op->path))
        then = stat_answered;
    op->path = mounts_inside(mount, op->path);
    return sally_fs_call(fs, mount->fs, op, then, (void *)(uintptr_t)mount);
}

/* Files. What is open inside is noted once it is open: if there is no memory for that, the library
 * closes it again. */

static sally_status opened(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct mounts *m = sally_fs_data(fs);
    const struct mount *mount = context;
    const char *path = outside(mount, op, op->path);
    bool made_up =
        path && op->kind == SALLY_OP_OPENDIR && is_missing(status) && mounts_has_below(m, path);
    if (status != SALLY_OK && !made_up)
        return status;
    size_t size = path ? strlen(path) + 1 : 0;
    struct mounted_file *file = path ? mem_zalloc(sizeof(*file) + size) : NULL;
    if (!file || sally_file_set_data(op->file, fs, file, NULL) != SALLY_E_OK) {
        mem_free(file);
        return SALLY_FAILURE;
    }
    file->mounts = m;
    file->mount = mount;
    file->made_up = made_up;
    memcpy(file->path, path, size);
    return SALLY_OK;
}

sally_status mounts_open(sally_fs *fs, sally_op *op)
{
    const struct mounts *m = sally_fs_data(fs);
    const struct mount *mount = mounts_find(m, op->path);
    if (op->kind == SALLY_OP_OPEN && mounts_is_fixed(m, mount, op->path))
        return SALLY_FILE_IS_A_DIRECTORY;
    op->path = mounts_inside(mount, op->path);
    return sally_fs_call(fs, mount->fs, op, opened, (void *)(uintptr_t)mount);
}

static sally_status closed(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    sally_file_set_data(op->file, fs, NULL, NULL);
    mem_free(context);
    return status;
}

static sally_status on_made_up(sally_fs *fs, sally_op *op, struct mounted_file *file)
{
    switch (op->kind) {
    case SALLY_OP_CLOSEDIR:
        return closed(fs, op, SALLY_OK, file);
    case SALLY_OP_FSTAT:
        sally_attrs_set_directory(&op->u.stat.attrs, 0755);
        return SALLY_OK;
    case SALLY_OP_FSETSTAT:
        return SALLY_PERMISSION_DENIED;
    default:
        return SALLY_UNSUPPORTED;
    }
}

sally_status mounts_by_file(sally_fs *fs, sally_op *op)
{
    struct mounted_file *file = sally_file_data(op->file, fs);
    if (!file)
        return SALLY_INVALID_HANDLE;
    if (op->kind == SALLY_OP_READDIR)
        return mounts_list(fs, op, file);
    if (file->made_up)
        return on_made_up(fs, op, file);
    op->path = mounts_inside(file->mount, file->path);
    if (op_kind_closes(op->kind))
        return sally_fs_call(fs, file->mount->fs, op, closed, file);
    return sally_fs_call(fs, file->mount->fs, op, NULL, NULL);
}
