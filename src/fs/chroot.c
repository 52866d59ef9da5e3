/* A directory of a storage as a storage of its own: paths get the directory in front on the way in,
 * and lose it on the way out. */
#include <string.h>

#include "base/mem.h"
#include "core/path.h"
#include "fs/wrap.h"
#include "sallyport/storages.h"

struct chroot {
    sally_fs *inner;
    size_t size; /* of root */
    char root[]; /* canonical; "" for "/" */
};

/* What the operation held before, for the way back. */
struct before {
    const char *path;
    const char *second; /* rename.to or symlink.target */
};

static char *put_root(const struct chroot *c, sally_op *op, const char *path)
{
    size_t size = strlen(path);
    if (c->size && size == 1) /* "/" */
        size = 0;
    char *full = sally_op_alloc(op, c->size + size + 1);
    if (!full)
        return NULL;
    memcpy(full, c->root, c->size);
    memcpy(full + c->size, path, size);
    full[c->size + size] = 0;
    return full;
}

/* The part of `path` inside the root; NULL when it is elsewhere. */
static const char *cut_root(const struct chroot *c, const char *path)
{
    if (c->size == 0)
        return path;
    if (!path_is_below(path, c->root))
        return NULL;
    return path[c->size] ? path + c->size : "/";
}

static bool has_to(const sally_op *op)
{
    return op->kind == SALLY_OP_RENAME || op->kind == SALLY_OP_LINK;
}

/* The text of a link is relative to the link, or absolute in the storage where it will be resolved.
 * An absolute one is made canonical first, so that its ".." does not begin above the root. */
static sally_status translate_target(const struct chroot *c, sally_op *op)
{
    const char *target = op->u.symlink.target;
    if (target[0] != '/')
        return SALLY_OK;
    struct buf clean;
    buf_init(&clean, PATH_MAX_BYTES + 1);
    sally_status status = path_normalise(&clean, "/", slice_of(target));
    if (status == SALLY_OK) {
        op->u.symlink.target = put_root(c, op, (const char *)buf_head(&clean));
        if (!op->u.symlink.target)
            status = SALLY_FAILURE;
    }
    buf_clear(&clean);
    return status;
}

static sally_status go_in(const struct chroot *c, sally_op *op)
{
    if (op->path && !(op->path = put_root(c, op, op->path)))
        return SALLY_FAILURE;
    if (has_to(op) && !(op->u.rename.to = put_root(c, op, op->u.rename.to)))
        return SALLY_FAILURE;
    return op->kind == SALLY_OP_SYMLINK ? translate_target(c, op) : SALLY_OK;
}

static void restore(sally_op *op, const struct before *before)
{
    op->path = before->path;
    if (has_to(op))
        op->u.rename.to = before->second;
    else if (op->kind == SALLY_OP_SYMLINK)
        op->u.symlink.target = before->second;
}

static sally_status come_out(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct chroot *c = sally_fs_data(fs);
    restore(op, context);
    if (status != SALLY_OK || (op->kind != SALLY_OP_REALPATH && op->kind != SALLY_OP_READLINK))
        return status;
    if (op->kind == SALLY_OP_READLINK && op->u.text.result[0] != '/')
        return status;
    const char *inside = cut_root(c, op->u.text.result);
    if (inside)
        op->u.text.result = inside;
    else if (op->kind ==
             SALLY_OP_REALPATH) /* a link leads out: there is no name for that place here */
        return SALLY_PERMISSION_DENIED;
    return status;
}

/* To the storage inside, the root is a directory like others; here it can neither go nor become
 * something else. */
static sally_status check_root(const sally_op *op)
{
    bool from = op->path && op->path[1] == 0;
    bool to = has_to(op) && op->u.rename.to[1] == 0;
    switch (op->kind) {
    case SALLY_OP_RMDIR:
        return from ? SALLY_PERMISSION_DENIED : SALLY_OK;
    case SALLY_OP_RENAME:
        return from || to ? SALLY_PERMISSION_DENIED : SALLY_OK;
    case SALLY_OP_REMOVE:
        return from ? SALLY_FILE_IS_A_DIRECTORY : SALLY_OK;
    case SALLY_OP_SYMLINK:
        return from ? SALLY_FILE_ALREADY_EXISTS : SALLY_OK;
    case SALLY_OP_LINK:
        return to ? SALLY_FILE_ALREADY_EXISTS : SALLY_OK;
    default:
        return SALLY_OK;
    }
}

static sally_status chroot_slot(sally_fs *fs, sally_op *op)
{
    const struct chroot *c = sally_fs_data(fs);
    sally_status allowed = check_root(op);
    if (allowed != SALLY_OK)
        return allowed;
    struct before *before = sally_op_alloc(op, sizeof(*before));
    if (!before)
        return SALLY_FAILURE;
    before->path = op->path;
    before->second = has_to(op)                     ? op->u.rename.to
                     : op->kind == SALLY_OP_SYMLINK ? op->u.symlink.target
                                                    : NULL;
    sally_status status = go_in(c, op);
    if (status == SALLY_OK)
        status = sally_fs_call(fs, c->inner, op, come_out, before);
    else
        restore(op, before);
    if (status == SALLY_WOULD_BLOCK) /* then nobody calls come_out */
        restore(op, before);
    return status;
}

static void chroot_cancel(sally_fs *fs, sally_op *op)
{
    const struct chroot *c = sally_fs_data(fs);
    sally_fs_cancel(c->inner, op);
}

static void chroot_destroy(void *user_data)
{
    struct chroot *c = user_data;
    sally_fs_unref(c->inner);
    mem_free(c);
}

static struct chroot *chroot_new(const char *root, sally_error *error)
{
    struct buf clean;
    struct chroot *c = NULL;
    buf_init(&clean, PATH_MAX_BYTES + 1);
    sally_status status = path_normalise(&clean, "/", slice_of(root));
    *error = status == SALLY_INVALID_FILENAME ? SALLY_E_INVALID : SALLY_E_NO_MEMORY;
    if (status == SALLY_OK) {
        size_t size = clean.size - 1; /* without the NUL */
        if (size == 1)
            size = 0;
        c = mem_zalloc(sizeof(*c) + size + 1);
        if (c) {
            c->size = size;
            memcpy(c->root, buf_head(&clean), size);
        }
    }
    buf_clear(&clean);
    return c;
}

sally_error sally_fs_chroot(sally_fs **out, sally_fs *inner, const char *root)
{
    if (!out || !inner || !root)
        return SALLY_E_INVALID;
    sally_error error;
    struct chroot *c = chroot_new(root, &error);
    if (!c)
        return error;
    c->inner = inner;
    sally_fs_methods methods;
    wrap_methods(&methods, inner, chroot_slot);
    methods.cancel = chroot_cancel;
    methods.destroy = chroot_destroy;
    error = sally_fs_new(out, &methods, c);
    if (error == SALLY_E_OK)
        sally_fs_ref(inner);
    else
        mem_free(c);
    return error;
}
