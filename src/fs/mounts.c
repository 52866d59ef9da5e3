#include "fs/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/sized.h"
#include "core/op_kinds.h"
#include "core/path.h"
#include "sallyport/storages.h"
#include "sallyport/wrappers.h"

static sally_status mounts_slot(sally_fs *fs, sally_op *op)
{
    if (op->kind == SALLY_OP_SESSION_START || op->kind == SALLY_OP_SESSION_END)
        return mounts_session(fs, op);
    if (op_kind_opens(op->kind))
        return mounts_open(fs, op);
    if (op->file && op_kind(op->kind)->handle != NO_HANDLE)
        return mounts_by_file(fs, op);
    return mounts_by_path(fs, op);
}

static void mounts_free(struct mounts *m)
{
    for (size_t i = 0; i < m->count; i++) {
        sally_fs_unref(m->mount[i].fs);
        mem_free(m->mount[i].path);
    }
    mem_free(m->mount);
    mem_free(m->storages);
    mem_free(m);
}

static void mounts_destroy(void *user_data)
{
    mounts_free(user_data);
}

/* Adds one at the end. */
static sally_error add(struct mounts *m, const char *path, sally_fs *fs)
{
    if (!fs || !path || *path != '/')
        return SALLY_E_INVALID;
    struct buf clean;
    buf_init(&clean, PATH_MAX_BYTES + 1);
    sally_status status = path_normalise(&clean, "/", slice_of(path));
    char *copy = status == SALLY_OK ? mem_strdup((const char *)buf_head(&clean)) : NULL;
    buf_clear(&clean);
    if (status == SALLY_INVALID_FILENAME)
        return SALLY_E_INVALID;
    if (!copy)
        return SALLY_E_NO_MEMORY;
    sally_error error = copy[1] ? SALLY_E_OK : SALLY_E_INVALID;
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->mount[i].path, copy) == 0)
            error = SALLY_E_EXISTS;
    if (error) {
        mem_free(copy);
        return error;
    }
    m->mount[m->count++] =
        (struct mount){.fs = sally_fs_ref(fs), .path = copy, .size = strlen(copy)};
    return SALLY_E_OK;
}

static int longer_first(const void *a, const void *b)
{
    const struct mount *one = a, *other = b;
    return (one->size < other->size) - (one->size > other->size);
}

static sally_error add_root(struct mounts *m, sally_fs *root_fs)
{
    sally_fs *memory = NULL, *root = root_fs;
    sally_error error = SALLY_E_OK;
    m->empty_root = !root_fs;
    if (root_fs)
        sally_fs_ref(root_fs);
    else
        error = sally_fs_memory(&memory, 0);
    if (memory)
        error = sally_fs_readonly(&root, memory);
    sally_fs_unref(memory);
    if (error)
        return error;
    qsort(m->mount, m->count, sizeof(*m->mount), longer_first);
    struct mount *last = &m->mount[m->count++];
    *last = (struct mount){.fs = root, .path = mem_strdup("")};
    return last->path ? SALLY_E_OK : SALLY_E_NO_MEMORY;
}

/* The root first. */
static void collect_storages(struct mounts *m)
{
    for (size_t i = m->count; i-- > 0;) {
        size_t at = 0;
        while (at < m->storage_count && m->storages[at] != m->mount[i].fs)
            at++;
        if (at == m->storage_count)
            m->storages[m->storage_count++] = m->mount[i].fs;
    }
}

static sally_error fill(struct mounts *m, sally_fs *root_fs, const sally_mount *mounts,
                        size_t count)
{
    sally_error error = SALLY_E_OK;
    m->mount = mem_array(count + 1, sizeof(*m->mount));
    m->storages = mem_array(count + 1, sizeof(sally_fs *));
    if (!m->mount || !m->storages)
        return SALLY_E_NO_MEMORY;
    for (size_t i = 0; i < count && !error; i++) {
        sally_mount given;
        const void *at = (const char *)mounts + i * mounts->struct_size;
        error =
            sized_copy(&given, sizeof(given), at, mounts->struct_size, SIZED_TO(sally_mount, fs))
                ? add(m, given.path, given.fs)
                : SALLY_E_INVALID;
    }
    if (!error)
        error = add_root(m, root_fs);
    if (!error)
        collect_storages(m);
    return error;
}

/* One that never waits can also answer with SALLY_OP_TRY. */
static uint32_t traits_of(const sally_fs *fs)
{
    uint32_t traits = sally_fs_traits(fs);
    return traits & SALLY_FS_NONBLOCKING ? traits | SALLY_FS_TRY : traits;
}

static void set_methods(sally_fs_methods *methods, const struct mounts *m)
{
    uint32_t traits = UINT32_MAX;
    for (size_t i = 0; i < m->storage_count; i++) {
        sally_fs_methods_wrap(methods, m->storages[i], mounts_slot);
        traits &= traits_of(m->storages[i]);
    }
    methods->traits = traits;
    methods->session_start = methods->session_end = mounts_slot;
    methods->open = methods->close = methods->opendir = methods->closedir = mounts_slot;
    methods->readdir = methods->stat = methods->fstat = methods->realpath = mounts_slot;
    methods->destroy = mounts_destroy;
}

/* The storage that has the directory creates a storage from it; mounts below it are kept. */
static sally_error mounts_subtree(sally_fs *fs, const char *root, sally_fs **out)
{
    const struct mounts *m = sally_fs_data(fs);
    const struct mount *mount = mounts_find(m, root);
    sally_fs *base = NULL;
    sally_error error = SALLY_E_OK;
    if (mount->size || !m->empty_root || !mounts_has_below(m, root))
        error = sally_fs_chroot(&base, mount->fs, mounts_inside(mount, root));
    if (error || !mounts_has_below(m, root)) {
        *out = base;
        return error;
    }
    sally_mount *below = mem_array(m->count, sizeof(*below));
    size_t count = 0;
    for (size_t i = 0; below && m->mount[i].size; i++)
        if (path_is_below(m->mount[i].path, root) && strcmp(m->mount[i].path, root) != 0)
            below[count++] =
                (sally_mount){sizeof(sally_mount), m->mount[i].path + strlen(root), m->mount[i].fs};
    error = below ? sally_fs_mounts(out, base, below, count) : SALLY_E_NO_MEMORY;
    mem_free(below);
    sally_fs_unref(base);
    return error;
}

sally_error sally_fs_mounts(sally_fs **out, sally_fs *root_fs, const sally_mount *mounts,
                            size_t count)
{
    if (!out || (count && !mounts))
        return SALLY_E_INVALID;
    *out = NULL;
    struct mounts *m = mem_zalloc(sizeof(*m));
    if (!m)
        return SALLY_E_NO_MEMORY;
    sally_fs_methods methods = {.struct_size = sizeof(methods)};
    sally_error error = fill(m, root_fs, mounts, count);
    if (!error) {
        set_methods(&methods, m);
        error = sally_fs_new(out, &methods, m);
    }
    if (error)
        mounts_free(m);
    else
        (*out)->subtree = mounts_subtree;
    return error;
}
