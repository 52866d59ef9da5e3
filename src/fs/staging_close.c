/* CLOSE: a complete upload gets its name, an incomplete one is removed or kept. */
#include "fs/staging.h"
#include "sallyport/file.h"
#include "sallyport/wrappers.h"

static struct staging *staging_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static sally_status ended(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                          sally_status status, void *context)
{
    struct upload *u = context;
    sally_status answer = u->status;
    (void)fs;
    (void)op;
    (void)asked;
    (void)status;
    staging_upload_free(u);
    return answer;
}

static sally_status discard(sally_fs *fs, sally_op *op, struct upload *u)
{
    const struct staging *st = staging_of(fs);
    if (st->flags & SALLY_STAGING_KEEP)
        return ended(fs, op, NULL, SALLY_OK, u);
    const sally_inner_op own = {
        .struct_size = sizeof(own), .kind = SALLY_OP_REMOVE, .path = u->temporary->text};
    return sally_fs_ask(fs, st->inner, op, &own, ended, u);
}

static sally_status renamed(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                            sally_status status, void *context)
{
    struct upload *u = context;
    (void)asked;
    u->status = status;
    return status == SALLY_OK ? ended(fs, op, NULL, status, u) : discard(fs, op, u);
}

static sally_status closed(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct upload *u = context;
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    sally_file_set_data(op->file, fs, NULL, NULL);
    u->status = status;
    if (status == SALLY_OK && facts.close_reason == SALLY_CLOSED_BY_CLIENT) {
        const uint32_t replaces = SALLY_RENAME_OVERWRITE | SALLY_RENAME_ATOMIC;
        const sally_inner_op own = {
            .struct_size = sizeof(own),
            .kind = SALLY_OP_RENAME,
            .path = u->temporary->text,
            .u.rename = {.to = u->target->text, .flags = u->exclusive ? 0 : replaces}};
        return sally_fs_ask(fs, staging_of(fs)->inner, op, &own, renamed, u);
    }
    if (status == SALLY_OK) {
        sally_op_set_message(op, "The upload is incomplete"); /* without memory, only the status is
                                                               * returned */
        u->status = SALLY_FAILURE;
    }
    return discard(fs, op, u);
}

sally_status staging_close(sally_fs *fs, sally_op *op)
{
    struct staging *st = staging_of(fs);
    struct upload *u = sally_file_data(op->file, fs);
    if (!u)
        return sally_fs_call(fs, st->inner, op, NULL, NULL);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    pthread_mutex_lock(&st->lock);
    list_remove(&u->link);
    atomic_fetch_sub_explicit(&st->active, 1, memory_order_relaxed);
    pthread_mutex_unlock(&st->lock);
    op->path = u->temporary->text; /* of others only uploads in the list change theirs */
    return sally_fs_call(fs, st->inner, op, closed, u);
}
