/* The start and end of a session, once for every storage. */
#include <string.h>

#include "fs/mounts.h"

/* In the operation's memory. */
struct round {
    size_t next; /* storage */
    sally_op_session asked;
    uint32_t settable, settable_bits; /* settable in all of them */
    sally_pair *pairs;                /* to announce */
    size_t pair_count;
};

static sally_status ask_next(sally_fs *fs, sally_op *op, struct round *r);

static bool add_pairs(struct round *r, sally_op *op)
{
    size_t count = op->u.session.server ? op->u.session.server_count : 0;
    if (count == 0)
        return true;
    sally_pair *all = NULL;
    if (count <= SIZE_MAX / sizeof(*all) - r->pair_count)
        all = sally_op_alloc(op, (r->pair_count + count) * sizeof(*all));
    if (!all)
        return false;
    if (r->pair_count)
        memcpy(all, r->pairs, r->pair_count * sizeof(*all));
    memcpy(all + r->pair_count, op->u.session.server, count * sizeof(*all));
    r->pairs = all;
    r->pair_count += count;
    return true;
}

static sally_status started(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct mounts *m = sally_fs_data(fs);
    struct round *r = context;
    if (status != SALLY_OK)
        return status; /* the library ends it for those that have started it */
    r->settable &= op->u.session.settable;
    r->settable_bits &= op->u.session.settable_bits;
    if (!add_pairs(r, op))
        return SALLY_FAILURE;
    if (r->next < m->storage_count)
        return ask_next(fs, op, r);
    op->u.session.settable = r->settable;
    op->u.session.settable_bits = r->settable_bits;
    op->u.session.server = r->pairs;
    op->u.session.server_count = r->pair_count;
    return SALLY_OK;
}

static sally_status ask_next(sally_fs *fs, sally_op *op, struct round *r)
{
    const struct mounts *m = sally_fs_data(fs);
    op->u.session = r->asked;
    return sally_fs_call(fs, m->storages[r->next++], op, started, r);
}

/* Needs no memory: every storage gets SESSION_END. */
static sally_status ended(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct mounts *m = sally_fs_data(fs);
    size_t next = (size_t)(uintptr_t)context;
    if (next == m->storage_count)
        return status;
    return sally_fs_call(fs, m->storages[next], op, ended, (void *)(uintptr_t)(next + 1));
}

sally_status mounts_session(sally_fs *fs, sally_op *op)
{
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK; /* what has started could not be asked again */
    if (op->kind == SALLY_OP_SESSION_END)
        return ended(fs, op, SALLY_OK, NULL);
    struct round *r = sally_op_alloc(op, sizeof(*r));
    if (!r)
        return SALLY_FAILURE;
    *r =
        (struct round){.settable = UINT32_MAX, .settable_bits = UINT32_MAX, .asked = op->u.session};
    return ask_next(fs, op, r);
}
