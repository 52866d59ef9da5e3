/* A directory of a storage as a storage of its own. Storages that resolve links below one of their
 * directories by themselves do so. For all others, the wrapper here puts the directory in front of
 * paths, once the links in them are resolved, and takes it away on the way out. */
#include <string.h>

#include "base/mem.h"
#include "core/op_kinds.h"
#include "core/path.h"
#include "core/session.h"
#include "fs/resolve_links.h"
#include "fs/wrap.h"
#include "sallyport/file.h"
#include "sallyport/storages.h"

struct chroot {
    sally_fs *inner;
    bool has_links;
    size_t size; /* of root */
    char root[]; /* canonical, not "/" */
};

/* The operation's original members, to be restored. */
struct before {
    const char *path, *to;
    uint32_t flags; /* of OPEN, STAT and SETSTAT */
};

struct chroot_call {
    struct before *before;
    struct resolve resolve;
};

static uint32_t *flags_of(sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_OPEN:
        return &op->u.open.flags;
    case SALLY_OP_STAT:
        return &op->u.stat.flags;
    case SALLY_OP_SETSTAT:
        return &op->u.setstat.flags;
    default:
        return NULL;
    }
}

/* The path is resolved: a link found on it now is new, and must not be followed. The root itself
 * may be a link, which the storage resolves. */
static void set_following(sally_op *op, bool is_root)
{
    uint32_t *flags = flags_of(op);
    if (op->kind == SALLY_OP_OPEN)
        *flags |= is_root ? 0 : SALLY_OPEN_NOFOLLOW;
    else if (flags)
        *flags = is_root ? *flags | SALLY_FOLLOW : *flags & ~(uint32_t)SALLY_FOLLOW;
}

static struct before *remember(sally_op *op)
{
    struct before *before = sally_op_alloc(op, sizeof(*before));
    const uint32_t *flags = flags_of(op);
    if (!before)
        return NULL;
    before->path = op->path;
    before->to = op_has_to(op) ? op->u.rename.to : NULL;
    before->flags = flags ? *flags : 0;
    return before;
}

static void restore(sally_op *op, const struct before *before)
{
    uint32_t *flags = flags_of(op);
    op->path = before->path;
    if (op_has_to(op))
        op->u.rename.to = before->to;
    if (flags)
        *flags = before->flags;
}

/* Open files keep their path in the storage inside; operations on them carry it. */

static bool keep_path(sally_fs *fs, sally_op *op)
{
    char *path = mem_strdup(op->path);
    if (path && sally_file_set_data(op->file, fs, path, NULL) == SALLY_E_OK)
        return true;
    mem_free(path);
    return false;
}

static void forget_path(sally_fs *fs, sally_op *op)
{
    mem_free(sally_file_data(op->file, fs));
    sally_file_set_data(op->file, fs, NULL, NULL);
}

/* Translates a result of REALPATH to a path in this storage. A result outside the root means that
 * the root has several paths inside: then the requested path is the answer. */
static void cut_root(const struct chroot *c, sally_op *op, const char *resolved)
{
    const char *path = op->u.text.result;
    if (!path || !path_is_below(path, c->root))
        path = resolved;
    op->u.text.result = path[c->size] ? path + c->size : "/";
}

static sally_status come_out(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct chroot *c = sally_fs_data(fs);
    if (status == SALLY_OK && op->kind == SALLY_OP_REALPATH)
        cut_root(c, op, op->path);
    if (op_kind_closes(op->kind) || (op_kind_opens(op->kind) && status != SALLY_OK))
        forget_path(fs, op);
    restore(op, context);
    return status;
}

/* The operation has its paths in the storage inside. */
static sally_status pass_on(sally_fs *fs, sally_op *op, struct before *before)
{
    const struct chroot *c = sally_fs_data(fs);
    sally_status status = SALLY_FAILURE;
    if (!op_kind_opens(op->kind) || keep_path(fs, op))
        status = sally_fs_call(fs, c->inner, op, come_out, before);
    else
        restore(op, before);
    if (status == SALLY_WOULD_BLOCK) { /* then come_out is not called */
        if (op_kind_opens(op->kind))
            forget_path(fs, op);
        restore(op, before);
    }
    return status;
}

/* draft-ietf-secsh-filexfer-13 section 8.9: with NO_CHECK nothing has to exist. */
static bool may_be_missing(const sally_op *op, sally_status status)
{
    return op->kind == SALLY_OP_REALPATH &&
           (status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH) &&
           op->u.text.flags != SALLY_REALPATH_STAT_ALWAYS &&
           sally_session_version(op->session) >= 6;
}

static sally_status resolved(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct chroot_call *r = context;
    if (may_be_missing(op, status))
        return sally_op_set_result(op, op->path);
    if (status != SALLY_OK)
        return status;
    op->path = r->resolve.first.at;
    if (op_has_to(op))
        op->u.rename.to = r->resolve.second.at;
    set_following(op, r->resolve.first.size == r->resolve.first.root_size);
    return pass_on(fs, op, r->before);
}

static sally_status resolve(sally_fs *fs, sally_op *op, struct before *before)
{
    const struct chroot *c = sally_fs_data(fs);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK; /* resolving takes several operations, each of which may wait */
    struct chroot_call *r = sally_op_alloc(op, sizeof(*r));
    if (!r)
        return SALLY_FAILURE;
    r->before = before;
    r->resolve =
        (struct resolve){.inner = c->inner, .root = c->root, .then = resolved, .context = r};
    return resolve_paths(fs, op, &r->resolve, op_follows(op));
}

static const char *put_root(const struct chroot *c, sally_op *op, const char *path)
{
    size_t size = path[1] ? strlen(path) : 0; /* nothing for "/" */
    char *full = sally_op_alloc(op, c->size + size + 1);
    if (!full)
        return NULL;
    memcpy(full, c->root, c->size);
    memcpy(full + c->size, path, size);
    full[c->size + size] = 0;
    return full;
}

static sally_status prefix(sally_fs *fs, sally_op *op, struct before *before)
{
    const struct chroot *c = sally_fs_data(fs);
    const char *path = op->path ? put_root(c, op, op->path) : NULL;
    const char *to = op_has_to(op) ? put_root(c, op, op->u.rename.to) : NULL;
    if ((op->path && !path) || (op_has_to(op) && !to))
        return SALLY_FAILURE;
    op->path = path;
    if (op_has_to(op))
        op->u.rename.to = to;
    return pass_on(fs, op, before);
}

/* To the storage inside, the root is an ordinary directory; here it can neither be removed nor
 * replaced. */
static sally_status check_root(const sally_op *op)
{
    bool from = op->path && op->path[1] == 0;
    bool to = op_has_to(op) && op->u.rename.to[1] == 0;
    switch (op->kind) {
    case SALLY_OP_RMDIR:
        return from ? SALLY_PERMISSION_DENIED : SALLY_OK;
    case SALLY_OP_RENAME:
        return from || to ? SALLY_PERMISSION_DENIED : SALLY_OK;
    case SALLY_OP_REMOVE:
        return from ? SALLY_FILE_IS_A_DIRECTORY : SALLY_OK;
    case SALLY_OP_MKDIR:
    case SALLY_OP_SYMLINK:
        return from ? SALLY_FILE_ALREADY_EXISTS : SALLY_OK;
    case SALLY_OP_LINK:
        return to ? SALLY_FILE_ALREADY_EXISTS : SALLY_OK;
    default:
        return SALLY_OK;
    }
}

/* The path of an open file in the storage inside; NULL for operations on a path. These include the
 * STAT and SETSTAT that stand in for FSTAT and FSETSTAT: a link may have replaced the file since it
 * was opened, so their path is resolved again. */
static const char *opened_path(const sally_fs *fs, const sally_op *op)
{
    bool by_handle = op->file && op_kind(op->kind)->handle != NO_HANDLE;
    return by_handle ? sally_file_data(op->file, fs) : NULL;
}

static sally_status chroot_slot(sally_fs *fs, sally_op *op)
{
    const struct chroot *c = sally_fs_data(fs);
    const char *opened = opened_path(fs, op);
    sally_status allowed = check_root(op);
    if (allowed != SALLY_OK)
        return allowed;
    struct before *before = remember(op);
    if (!before)
        return SALLY_FAILURE;
    if (opened) {
        op->path = opened;
        return pass_on(fs, op, before);
    }
    bool is_text = op->kind == SALLY_OP_REALPATH && op->u.text.flags == SALLY_REALPATH_NO_CHECK;
    return op->path && c->has_links && !op_kind_closes(op->kind) && !is_text
               ? resolve(fs, op, before)
               : prefix(fs, op, before);
}

static void chroot_destroy(void *user_data)
{
    struct chroot *c = user_data;
    sally_fs_unref(c->inner);
    mem_free(c);
}

static sally_error wrap(sally_fs **out, sally_fs *inner, const char *root)
{
    size_t size = strlen(root);
    struct chroot *c = mem_zalloc(sizeof(*c) + size + 1);
    if (!c)
        return SALLY_E_NO_MEMORY;
    c->inner = inner;
    c->has_links = resolve_has_links(inner);
    c->size = size;
    memcpy(c->root, root, size);
    sally_fs_methods methods;
    wrap_methods(&methods, inner, chroot_slot);
    methods.close = chroot_slot; /* the data of OPEN must be freed */
    methods.closedir = chroot_slot;
    methods.destroy = chroot_destroy;
    sally_error error = sally_fs_new(out, &methods, c);
    if (error == SALLY_E_OK)
        sally_fs_ref(inner);
    else
        mem_free(c);
    return error;
}

sally_error sally_fs_chroot(sally_fs **out, sally_fs *inner, const char *root)
{
    if (!out || !inner || !root)
        return SALLY_E_INVALID;
    struct buf clean;
    sally_error error = SALLY_E_OK;
    buf_init(&clean, PATH_MAX_BYTES + 1);
    sally_status status = path_normalise(&clean, "/", slice_of(root));
    const char *path = (const char *)buf_head(&clean);
    if (status != SALLY_OK)
        error = status == SALLY_INVALID_FILENAME ? SALLY_E_INVALID : SALLY_E_NO_MEMORY;
    else if (path[1] == 0)
        *out = sally_fs_ref(inner);
    else if (inner->subtree)
        error = inner->subtree(inner, path, out);
    else
        error = wrap(out, inner, path);
    buf_clear(&clean);
    return error;
}
