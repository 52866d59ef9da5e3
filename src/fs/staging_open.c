/* OPEN: recognises uploads, and redirects them to temporary files. */
#include <string.h>

#include "fs/staging.h"
#include "sallyport/file.h"

#define MOST_TRIES 16

struct staged_opening {
    struct upload *upload;
    const char *target; /* without a link as the last component */
    bool resolved;
    struct real_path real; /* of the temporary file */
    unsigned tries;
    sally_op_open asked;
    sally_attrs attrs;
    sally_status status;
};

static struct staging *staging_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static sally_status open_temporary(sally_fs *fs, sally_op *op, struct staged_opening *o);

static sally_status in_place(sally_fs *fs, sally_op *op)
{
    return sally_fs_call(fs, staging_of(fs)->inner, op, NULL, NULL);
}

static sally_status given_up(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                             sally_status status, void *context)
{
    struct staged_opening *o = context;
    (void)fs;
    (void)op;
    (void)asked;
    (void)status;
    staging_upload_free(o->upload);
    return SALLY_FAILURE;
}

static sally_status opened(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct staging *st = staging_of(fs);
    struct staged_opening *o = context;
    op->u.open = o->asked;
    if (status == SALLY_FILE_ALREADY_EXISTS && ++o->tries < MOST_TRIES)
        return open_temporary(fs, op, o); /* left by an earlier run */
    if (status != SALLY_OK) {
        staging_upload_free(o->upload);
        return status;
    }
    if (sally_file_set_data(op->file, fs, o->upload, NULL) != SALLY_E_OK) {
        const sally_inner_op own = {.struct_size = sizeof(own),
                                    .kind = SALLY_OP_REMOVE,
                                    .path = o->upload->temporary->text};
        return sally_fs_ask(fs, st->inner, op, &own, given_up, o);
    }
    pthread_mutex_lock(&st->lock);
    list_append(&st->uploads, &o->upload->link);
    atomic_fetch_add_explicit(&st->active, 1, memory_order_relaxed);
    pthread_mutex_unlock(&st->lock);
    return SALLY_OK;
}

static sally_status open_temporary(sally_fs *fs, sally_op *op, struct staged_opening *o)
{
    struct staging *st = staging_of(fs);
    struct upload_path *name = staging_name(st, o->real.path);
    if (!name) {
        staging_upload_free(o->upload);
        return SALLY_FAILURE;
    }
    mem_free(o->upload->temporary);
    o->upload->temporary = name;
    op->path = sally_op_strdup(op, name->text); /* outlives the upload */
    if (!op->path) {
        staging_upload_free(o->upload);
        return SALLY_FAILURE;
    }
    op->u.open.flags |= SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE;
    op->u.open.flags &= ~(uint32_t)SALLY_OPEN_TRUNCATE;
    if (o->attrs.valid) {
        op->u.open.attrs = &o->attrs;
        op->u.open.flags |= SALLY_OPEN_EXACT_MODE;
    }
    return sally_fs_call(fs, st->inner, op, opened, o);
}

static sally_status located(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    (void)status;
    return open_temporary(fs, op, context);
}

static sally_status stage(sally_fs *fs, sally_op *op, struct staged_opening *o)
{
    struct staging *st = staging_of(fs);
    bool exclusive = (op->u.open.flags & SALLY_OPEN_EXCLUSIVE) != 0;
    if (exclusive && staging_any_upload(st, o->target))
        return SALLY_FILE_ALREADY_EXISTS;
    o->upload = mem_zalloc(sizeof(*o->upload));
    if (!o->upload)
        return SALLY_FAILURE;
    list_init(&o->upload->link);
    o->upload->session = op->session;
    o->upload->exclusive = exclusive;
    o->upload->target = staging_path(o->target);
    o->asked = op->u.open;
    if (o->upload->target)
        return real_path_find(fs, st->inner, st->has_links && !o->resolved, op, &o->real, o->target,
                              false, located, o);
    staging_upload_free(o->upload);
    return SALLY_FAILURE;
}

/* It replaces a file with the same permissions. A file without write permission is left to the
 * storage inside, which knows who may write it anyway. */
static sally_status replace(sally_fs *fs, sally_op *op, struct staged_opening *o,
                            const sally_attrs *old)
{
    bool has_mode = (old->valid & SALLY_ATTR_PERMISSIONS) != 0;
    if (!(op->u.open.flags & SALLY_OPEN_TRUNCATE) || (op->u.open.flags & SALLY_OPEN_EXCLUSIVE) ||
        (has_mode && !(old->permissions & 0222)))
        return in_place(fs, op);
    if (has_mode) {
        o->attrs = *op->u.open.attrs;
        o->attrs.valid = (o->attrs.valid & ~(uint32_t)SALLY_ATTR_ACL) | SALLY_ATTR_PERMISSIONS;
        o->attrs.permissions = old->permissions;
    }
    return stage(fs, op, o);
}

static sally_status looked(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                           sally_status status, void *context);

static sally_status resolved(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                             sally_status status, void *context)
{
    struct staged_opening *o = context;
    if (status == SALLY_FAILURE)
        return status;
    if (status != SALLY_OK || !asked->u.text.result)
        return in_place(fs, op);
    o->resolved = true;
    o->target = asked->u.text.result;
    return wrap_ask_stat(fs, staging_of(fs)->inner, op, o->target, 0, looked, o);
}

static sally_status looked(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                           sally_status status, void *context)
{
    struct staged_opening *o = context;
    const sally_attrs *old = &asked->u.stat.attrs;
    uint32_t flags = op->u.open.flags;
    uint32_t type = old->valid & SALLY_ATTR_TYPE ? old->type : SALLY_TYPE_UNKNOWN;
    if (status == SALLY_FAILURE)
        return status; /* out of memory, which must not lead to overwriting the existing file */
    if (status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH)
        return flags & SALLY_OPEN_CREATE ? stage(fs, op, o) : in_place(fs, op);
    if (status == SALLY_OK && type == SALLY_TYPE_REGULAR)
        return replace(fs, op, o, old);
    if (status != SALLY_OK || type != SALLY_TYPE_SYMLINK || o->resolved ||
        (flags & (SALLY_OPEN_NOFOLLOW | SALLY_OPEN_EXCLUSIVE)))
        return in_place(fs, op);
    const sally_inner_op own = {.struct_size = sizeof(own),
                                .kind = SALLY_OP_REALPATH,
                                .u.text.flags = SALLY_REALPATH_STAT_IF};
    return sally_fs_ask(fs, staging_of(fs)->inner, op, &own, resolved, o);
}

static bool is_upload(const sally_op *op)
{
    uint32_t flags = op->u.open.flags;
    return !(op->flags & SALLY_OP_INTERNAL) && (flags & (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)) &&
           (flags & (SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE)) &&
           !(flags & SALLY_OPEN_DELETE_ON_CLOSE);
}

sally_status staging_open(sally_fs *fs, sally_op *op)
{
    struct staging *st = staging_of(fs);
    bool whole = (op->u.open.flags & (SALLY_OPEN_TRUNCATE | SALLY_OPEN_EXCLUSIVE)) != 0;
    const char *own = whole ? NULL : staging_own_upload(st, op);
    if (own)
        op->path = own;
    if (own || !is_upload(op))
        return in_place(fs, op);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct staged_opening *o = sally_op_alloc(op, sizeof(*o));
    if (!o)
        return SALLY_FAILURE;
    *o = (struct staged_opening){.target = op->path};
    return wrap_ask_stat(fs, st->inner, op, op->path, 0, looked, o);
}
