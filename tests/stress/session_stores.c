#include <stdlib.h>
#include <string.h>

#include "session.h"

static const struct name {
    const char *path;
    int inode; /* -1: the storage does not say */
} names[NAMES] = {{"/f0", 0}, {"/f1", 0}, {"/f2", 1}, {"/f3", 2}, {"/f4", 3}, {"/f5", -1}};

const char *stores_any_path(struct stress *x)
{
    return names[dice_below(&x->dice, NAMES)].path;
}

static int inode_of(const char *path)
{
    for (int i = 0; i < NAMES; i++)
        if (strcmp(names[i].path, path) == 0)
            return names[i].inode;
    return -1;
}

/* ---- A storage ---- */

static void count(struct store *store, int *what, int change)
{
    pthread_mutex_lock(&store->stress->lock);
    *what += change;
    pthread_mutex_unlock(&store->stress->lock);
}

/* What the storage keeps in a file: its own address, in memory that a file used after its CLOSE
 * would be caught with. */
static struct store **kept_in(struct store *store, const sally_op *op)
{
    struct store **kept = op->file ? sally_file_data(op->file, store->fs) : NULL;
    if (kept && *kept != store)
        stress_fail("a file holds what another storage keeps");
    return kept;
}

static void open_file(struct store *store, sally_op *op)
{
    if (kept_in(store, op))
        stress_fail("%s of an open file", sally_op_kind_name(op->kind));
    struct store **kept = malloc(sizeof *kept);
    if (!kept || sally_file_set_data(op->file, store->fs, kept, NULL) != SALLY_E_OK)
        stress_fail("memory is short");
    *kept = store;
    int inode = op->kind == SALLY_OP_OPEN ? inode_of(op->path) : -1;
    if (inode >= 0)
        sally_file_set_identity(op->file, 1 + store->number, (uint64_t)inode);
    count(store, &store->open, 1);
}

static void close_file(struct store *store, sally_op *op)
{
    struct store **kept = kept_in(store, op);
    if (!kept)
        stress_fail("%s of a file that is not open", sally_op_kind_name(op->kind));
    *kept = NULL;
    free(kept);
    sally_file_set_data(op->file, store->fs, NULL, NULL);
    count(store, &store->open, -1);
}

static sally_status list(struct stress *x, sally_op *op)
{
    if (dice_one_in(&x->dice, 8))
        return SALLY_EOF;
    for (uint32_t i = dice_below(&x->dice, 4); i > 0; i--)
        if (!sally_op_add_entry(op, "n", NULL))
            break;
    return SALLY_OK;
}

static sally_status stat_any(struct stress *x, sally_op *op)
{
    op->u.stat.attrs = (sally_attrs){.valid = 0};
    if (dice_one_in(&x->dice, 2)) {
        op->u.stat.attrs.valid = SALLY_ATTR_SIZE;
        op->u.stat.attrs.size = dice_one_in(&x->dice, 2) ? 1000 : 1000000;
    }
    return dice_one_in(&x->dice, 5) ? SALLY_NO_SUCH_FILE : SALLY_OK;
}

static bool fails(struct stress *x, const sally_op *op)
{
    if (sally_op_cancelled(op) && dice_one_in(&x->dice, 2))
        return true;
    return dice_percent(&x->dice, x->fail_percent);
}

sally_status store_answer(struct store *store, sally_op *op)
{
    struct stress *x = store->stress;
    bool failed = fails(x, op);
    if (op->kind == SALLY_OP_WRITE)
        order_note_written(x, op);
    if (op_kind_closes(op->kind)) {
        close_file(store, op);
        return failed ? SALLY_FAILURE : SALLY_OK;
    }
    if (op->file && !op_kind_opens(op->kind) && !kept_in(store, op))
        stress_fail("%s of a file that is not open", sally_op_kind_name(op->kind));
    if (failed && op->kind != SALLY_OP_UNLOCK && op->kind != SALLY_OP_SESSION_END)
        return SALLY_FAILURE;
    switch (op->kind) {
    case SALLY_OP_SESSION_START:
        count(store, &store->sessions, 1);
        return SALLY_OK;
    case SALLY_OP_SESSION_END:
        count(store, &store->sessions, -1);
        return SALLY_OK;
    case SALLY_OP_OPEN:
    case SALLY_OP_OPENDIR:
        open_file(store, op);
        return SALLY_OK;
    case SALLY_OP_READ:
        memset(op->u.io.data, 1, op->u.io.length);
        op->u.io.done = dice_one_in(&x->dice, 6) ? 0 : op->u.io.length;
        return SALLY_OK;
    case SALLY_OP_READDIR:
        return list(x, op);
    case SALLY_OP_STAT:
    case SALLY_OP_FSTAT:
        return stat_any(x, op);
    case SALLY_OP_COPY:
        return dice_one_in(&x->dice, 3) ? SALLY_OK : SALLY_UNSUPPORTED;
    case SALLY_OP_REALPATH:
        return sally_op_set_result(op, "/x");
    default:
        return SALLY_OK;
    }
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct store *store = sally_fs_data(fs);
    struct stress *x = store->stress;
    if ((op->flags & SALLY_OP_TRY) && dice_one_in(&x->dice, 3))
        return SALLY_WOULD_BLOCK;
    order_check(x, op);
    if (dice_one_in(&x->dice, 20))
        program_submit_any(x, op);
    if (dice_percent(&x->dice, x->late_percent) && program_delays(x, store, op, SALLY_OK))
        return SALLY_PENDING;
    return store_answer(store, op);
}

/* The answer comes when it would have come. */
static void cancel(sally_fs *fs, sally_op *op)
{
    (void)fs, (void)op;
}

static void destroy(void *user_data)
{
    struct store *store = user_data;
    if (store->open || store->sessions)
        stress_fail("%d files and %d sessions are left open", store->open, store->sessions);
    store->destroyed = true;
}

/* ---- The wrapper: files are open in the first storage, in the second, or in both ---- */

static sally_fs *inner(sally_fs *wrapper, int number)
{
    struct stress *x = sally_fs_data(wrapper);
    return x->stores[number].fs;
}

static sally_status on_second(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct stress *x = sally_fs_data(fs);
    (void)context;
    if (op_kind_closes(op->kind))
        return SALLY_OK;
    if (op_kind_opens(op->kind) && status == SALLY_OK && dice_one_in(&x->dice, 3))
        return SALLY_PERMISSION_DENIED;
    return status;
}

static sally_status on_first(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct stress *x = sally_fs_data(fs);
    (void)context;
    bool also = op_kind_closes(op->kind);
    if (op_kind_opens(op->kind))
        also = dice_one_in(&x->dice, status == SALLY_OK ? 3 : 2);
    if (also)
        return sally_fs_call(fs, inner(fs, 1), op, on_second, NULL);
    if (status == SALLY_OK && op_kind(op->kind)->undo && dice_one_in(&x->dice, 10))
        return SALLY_QUOTA_EXCEEDED;
    return status;
}

static sally_status wrapper_slot(sally_fs *fs, sally_op *op)
{
    struct stress *x = sally_fs_data(fs);
    bool opens = op_kind_opens(op->kind), closes = op_kind_closes(op->kind);
    if (op->file && !opens && !closes && !sally_file_data(op->file, inner(fs, 0)))
        return sally_fs_call(fs, inner(fs, 1), op, NULL, NULL);
    bool looks = closes || op_kind(op->kind)->undo || dice_one_in(&x->dice, 2);
    return sally_fs_call(fs, inner(fs, 0), op, looks ? on_first : NULL, NULL);
}

static void wrapper_destroy(void *user_data)
{
    struct stress *x = user_data;
    x->wrapper_destroyed = true;
}

/* ---- All of them ---- */

static sally_fs *make(uint32_t traits, sally_status (*method)(sally_fs *fs, sally_op *op),
                      void (*on_cancel)(sally_fs *fs, sally_op *op),
                      void (*on_destroy)(void *user_data), void *user_data)
{
    sally_fs *fs;
    sally_fs_methods methods = {.struct_size = sizeof methods,
                                .traits = traits,
                                .cancel = on_cancel,
                                .destroy = on_destroy};
#define SLOT(name, value, member, permission) methods.member = method;
    SALLY_OP_MAP(SLOT)
#undef SLOT
    if (sally_fs_new(&fs, &methods, user_data) != SALLY_E_OK)
        stress_fail("cannot make a storage");
    return fs;
}

void stores_start(struct stress *x)
{
    for (uint64_t i = 0; i < STORES; i++) {
        struct store *store = &x->stores[i];
        *store = (struct store){.stress = x, .number = i};
        store->fs = make(x->traits, slot, cancel, destroy, store);
    }
    x->wrapper = make(x->traits, wrapper_slot, sally_fs_cancel_inner, wrapper_destroy, x);
}

void stores_stop(struct stress *x)
{
    sally_fs_unref(x->wrapper);
    for (int i = 0; i < STORES; i++)
        sally_fs_unref(x->stores[i].fs);
    if (!x->wrapper_destroyed || !x->stores[0].destroyed || !x->stores[1].destroyed)
        stress_fail("a storage is still held");
}
