#include <string.h>

#include "sftp.h"

/* ---- Operations of the storage's own ---- */

static void fill(void *user_data, sally_op *op)
{
    (void)user_data;
    if (op->kind == SALLY_OP_OPEN)
        op->u.open.flags = SALLY_OPEN_READ;
}

static void count(struct sftp_stress *x, int *what, int change)
{
    pthread_mutex_lock(&x->lock);
    *what += change;
    pthread_mutex_unlock(&x->lock);
}

static void on_done(void *user_data, sally_op *op, sally_status status)
{
    struct sftp_stress *x = user_data;
    (void)op, (void)status;
    count(x, &x->submit_answered, 1);
}

/* What OPEN opens, the session closes in the end. */
static void submit_sometimes(struct sftp_stress *x, const sally_op *during)
{
    if (!dice_one_in(&x->dice, 10))
        return;
    sally_error error;
    count(x, &x->submitted, 1);
    if (dice_one_in(&x->dice, 2)) {
        error = sally_fs_submit(x->fs, during->session, SALLY_OP_STAT, "/x", fill, on_done, x);
    } else {
        uint32_t kind = dice_one_in(&x->dice, 2) ? SALLY_OP_OPEN : SALLY_OP_STAT;
        error = sally_session_submit(during->session, kind, "/x", fill, on_done, x);
    }
    if (error != SALLY_E_OK)
        stress_fail("an operation was not taken: %s", sally_strerror(error));
}

/* ---- Answers ---- */

static void note_answer(struct sftp_stress *x, const sally_op *op, sally_status status)
{
    switch (op->kind) {
    case SALLY_OP_CLOSE:
    case SALLY_OP_CLOSEDIR:
        count(x, &x->open, -1);
        break;
    case SALLY_OP_OPEN:
    case SALLY_OP_OPENDIR:
        count(x, &x->open, status == SALLY_OK);
        break;
    case SALLY_OP_SESSION_START:
        count(x, &x->sessions, status == SALLY_OK);
        break;
    case SALLY_OP_SESSION_END:
        count(x, &x->sessions, -1);
        break;
    default:
        break;
    }
}

static sally_status list(struct sftp_stress *x, sally_op *op)
{
    if (dice_one_in(&x->dice, 4))
        return SALLY_EOF;
    for (int i = 0; i < 20; i++) /* no name may hold a slash: those are left out */
        if (!sally_op_add_entry(op, dice_one_in(&x->dice, 10) ? "a/b" : "some-name", NULL))
            break;
    return SALLY_OK;
}

static sally_status answer(struct sftp_stress *x, sally_op *op)
{
    sally_status status = dice_one_in(&x->dice, 12) ? SALLY_FAILURE : SALLY_OK;
    note_answer(x, op, status);
    if (op->kind == SALLY_OP_COPY)
        return SALLY_UNSUPPORTED;
    if (op->kind == SALLY_OP_READ && status == SALLY_OK) {
        memset(op->u.io.data, 3, op->u.io.length);
        op->u.io.done = dice_one_in(&x->dice, 5) ? 0 : op->u.io.length;
    }
    return op->kind == SALLY_OP_READDIR && status == SALLY_OK ? list(x, op) : status;
}

static void answer_late(void *user_data, const struct late_op *late)
{
    struct sftp_stress *x = user_data;
    submit_sometimes(x, late->op);
    sally_op_finish(late->op, answer(x, late->op));
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct sftp_stress *x = sally_fs_data(fs);
    submit_sometimes(x, op);
    if (!dice_one_in(&x->dice, 3) && late_add(&x->late, (struct late_op){.op = op}))
        return SALLY_PENDING;
    return answer(x, op);
}

static void cancel(sally_fs *fs, sally_op *op)
{
    (void)fs, (void)op;
}

static sally_status after(void *user_data, sally_op *op)
{
    struct sftp_stress *x = user_data;
    submit_sometimes(x, op);
    bool refuses = op->kind == SALLY_OP_OPEN && dice_one_in(&x->dice, 25);
    return refuses ? SALLY_PERMISSION_DENIED : op->status;
}

sally_hooks sftp_store_hooks(struct sftp_stress *x)
{
    return (sally_hooks){.struct_size = sizeof(sally_hooks),
                         .after_mask = SALLY_OP_ALL,
                         .after = after,
                         .user_data = x};
}

/* ---- Beginning and end ---- */

static void destroy(void *user_data)
{
    struct sftp_stress *x = user_data;
    pthread_mutex_lock(&x->lock);
    if (x->open || x->sessions)
        stress_fail("%d files and %d sessions are left open", x->open, x->sessions);
    x->destroyed = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
}

void sftp_store_start(struct sftp_stress *x, bool threads)
{
    static const uint32_t traits[] = {0, SALLY_FS_CONCURRENT,
                                      SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES,
                                      SALLY_FS_CONCURRENT | SALLY_FS_NONBLOCKING};
    sally_fs_methods methods = {.struct_size = sizeof methods,
                                .traits = traits[dice_below(&x->dice, 4)],
                                .cancel = cancel,
                                .destroy = destroy};
#define SLOT(name, value, member, permission) methods.member = slot;
    SALLY_OP_MAP(SLOT)
#undef SLOT
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->changed, NULL);
    if (sally_fs_new(&x->fs, &methods, x) != SALLY_E_OK)
        stress_fail("cannot make a storage");
    late_start(&x->late, threads, &x->dice, answer_late, x);
}

void sftp_store_stop(struct sftp_stress *x)
{
    pthread_mutex_lock(&x->lock);
    while (!x->destroyed && x->late.thread_count)
        pthread_cond_wait(&x->changed, &x->lock);
    pthread_mutex_unlock(&x->lock);
    late_stop(&x->late);
    if (!x->destroyed)
        stress_fail("the storage is still held");
    if (x->submitted != x->submit_answered)
        stress_fail("%d answers to %d operations", x->submit_answered, x->submitted);
    pthread_mutex_destroy(&x->lock);
    pthread_cond_destroy(&x->changed);
}
