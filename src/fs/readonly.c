/* A read-only view of a storage. */
#include <string.h>

#include "base/mem.h"
#include "core/fs.h"
#include "core/op_kinds.h"
#include "fs/wrap.h"
#include "sallyport/storages.h"

#define CHANGING_OPENS                                                                             \
    (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE |              \
     SALLY_OPEN_DELETE_ON_CLOSE)
#define STATVFS_READONLY 1u

/* Extended requests of the local storage that only read; others may write. */
static bool only_looks(const char *name)
{
    static const char *const looks[] = {"getxattr@proftpd.org", "fgetxattr@proftpd.org",
                                        "listxattr@proftpd.org", "flistxattr@proftpd.org",
                                        "ranges@asyncssh.com"};
    for (size_t i = 0; i < COUNT_OF(looks); i++)
        if (name && strcmp(name, looks[i]) == 0)
            return true;
    return false;
}

static bool changes(const sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_OPEN:
        return (op->u.open.flags & CHANGING_OPENS) != 0;
    case SALLY_OP_EXTENDED:
        return !only_looks(op->u.extended.name);
    default:
        return (op_kind(op->kind)->flags & KIND_MODIFIES) != 0;
    }
}

static sally_status mark_readonly(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    (void)fs;
    (void)context;
    if (status == SALLY_OK)
        op->u.statvfs.flags |= STATVFS_READONLY;
    return status;
}

static sally_status readonly_slot(sally_fs *fs, sally_op *op)
{
    if (changes(op))
        return SALLY_WRITE_PROTECT;
    return sally_fs_call(fs, sally_fs_data(fs), op,
                         op->kind == SALLY_OP_STATVFS ? mark_readonly : NULL, NULL);
}

static void readonly_destroy(void *user_data)
{
    sally_fs_unref(user_data);
}

/* Wraps the directory rather than the storage, so that the storage inside resolves the links. */
static sally_error readonly_subtree(sally_fs *fs, const char *root, sally_fs **out)
{
    sally_fs *subtree;
    sally_error error = sally_fs_chroot(&subtree, sally_fs_data(fs), root);
    if (error != SALLY_E_OK)
        return error;
    error = sally_fs_readonly(out, subtree);
    sally_fs_unref(subtree);
    return error;
}

sally_error sally_fs_readonly(sally_fs **out, sally_fs *inner)
{
    if (!out || !inner)
        return SALLY_E_INVALID;
    sally_fs_methods methods;
    wrap_methods(&methods, inner, readonly_slot);
    /* Not left to the library, which would read before the first WRITE is refused. */
    if (sally_fs_supports(inner, SALLY_OP_COPY))
        methods.copy = readonly_slot;
    methods.destroy = readonly_destroy;
    sally_error error = sally_fs_new(out, &methods, inner);
    if (error != SALLY_E_OK)
        return error;
    sally_fs_ref(inner);
    (*out)->subtree = readonly_subtree;
    return error;
}
