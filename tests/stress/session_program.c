#include <stdlib.h>

#include "session.h"

bool program_delays(struct stress *x, struct store *store, sally_op *op, sally_status status)
{
    return late_add(&x->late, (struct late_op){.op = op, .owner = store, .status = status});
}

/* ---- Operations of the program's own ---- */

struct errand {
    struct stress *stress;
    sally_file *file, *to;
    char buffer[16];
};

static void fill(void *user_data, sally_op *op)
{
    struct errand *e = user_data;
    op->file = e->file;
    if (op->kind == SALLY_OP_OPEN)
        op->u.open.flags = SALLY_OPEN_READ | SALLY_OPEN_WRITE;
    if (op->kind == SALLY_OP_READ)
        op->u.io = (sally_op_io){.data = e->buffer, .length = sizeof e->buffer};
    if (op->kind == SALLY_OP_COPY)
        op->u.copy =
            (sally_op_copy){.to = e->to, .length = dice_one_in(&e->stress->dice, 2) ? 500000 : 0};
}

static void count_submitted(struct stress *x, int change)
{
    pthread_mutex_lock(&x->lock);
    x->submitted += change;
    pthread_mutex_unlock(&x->lock);
}

static void on_done(void *user_data, sally_op *op, sally_status status);

static void submit(struct stress *x, uint32_t kind, const char *path, sally_file *file)
{
    struct errand *e = malloc(sizeof *e);
    if (!e)
        stress_fail("memory is short");
    *e = (struct errand){.stress = x, .file = file, .to = file};
    count_submitted(x, 1);
    sally_error error;
    if (kind != SALLY_OP_OPEN && kind != SALLY_OP_CLOSE && dice_one_in(&x->dice, 3)) {
        sally_fs *fs = x->wrapper;
        if (dice_one_in(&x->dice, 2))
            fs = x->stores[dice_below(&x->dice, STORES)].fs;
        error = sally_fs_submit(fs, x->session, kind, path, fill, on_done, e);
    } else {
        error = sally_session_submit(x->session, kind, path, fill, on_done, e);
    }
    if (error == SALLY_E_OK)
        return;
    count_submitted(x, -1); /* the session ends, or the file is closed */
    free(e);
}

/* A file that it has opened is used, and mostly closed again: at the latest the session does it. */
static void on_done(void *user_data, sally_op *op, sally_status status)
{
    struct errand *e = user_data;
    struct stress *x = e->stress;
    x->submit_answered++;
    free(e);
    if (op->kind != SALLY_OP_OPEN || status != SALLY_OK)
        return;
    if (!op->file)
        stress_fail("OPEN went well without a file");
    if (dice_one_in(&x->dice, 2))
        submit(x, SALLY_OP_READ, NULL, op->file);
    if (dice_one_in(&x->dice, 2))
        submit(x, SALLY_OP_COPY, NULL, op->file);
    if (!dice_one_in(&x->dice, 4))
        submit(x, SALLY_OP_CLOSE, NULL, op->file);
    if (dice_one_in(&x->dice, 4))
        submit(x, SALLY_OP_CLOSE, NULL, op->file); /* the second one is refused */
}

void program_submit_any(struct stress *x, const sally_op *during)
{
    pthread_mutex_lock(&x->lock);
    bool enough = x->submitted > MAX_SUBMITTED;
    pthread_mutex_unlock(&x->lock);
    if (enough)
        return;
    sally_file *file = during->file;
    if (file && file->facts.is_directory)
        file = NULL;
    static const uint32_t on_files[] = {SALLY_OP_READ, SALLY_OP_COPY, SALLY_OP_FSTAT};
    static const uint32_t on_paths[] = {SALLY_OP_STAT, SALLY_OP_OPEN, SALLY_OP_RENAME};
    if (dice_one_in(&x->dice, 2))
        submit(x, on_paths[dice_below(&x->dice, COUNT_OF(on_paths))], stores_any_path(x), NULL);
    else if (file)
        submit(x, on_files[dice_below(&x->dice, COUNT_OF(on_files))], NULL, file);
}

/* ---- Hooks ---- */

static sally_status before(void *user_data, sally_op *op)
{
    struct stress *x = user_data;
    if (dice_one_in(&x->dice, 30))
        program_submit_any(x, op);
    uint32_t choice = dice_below(&x->dice, 40);
    if (choice == 0)
        return SALLY_QUOTA_EXCEEDED;
    if (choice == 1 && op->kind == SALLY_OP_OPEN)
        return SALLY_OK;
    return choice < 6 && program_delays(x, NULL, op, SALLY_CONTINUE) ? SALLY_PENDING
                                                                     : SALLY_CONTINUE;
}

static sally_status after(void *user_data, sally_op *op)
{
    struct stress *x = user_data;
    if (dice_one_in(&x->dice, 30))
        program_submit_any(x, op);
    uint32_t choice = dice_below(&x->dice, 30);
    if (choice == 0 && op->kind != SALLY_OP_SESSION_START)
        return SALLY_FILE_CORRUPT;
    if (choice == 1 && op_kind_opens(op->kind))
        return SALLY_OK;
    return choice < 6 && program_delays(x, NULL, op, op->status) ? SALLY_PENDING : op->status;
}

void program_add_hooks(struct stress *x)
{
    for (uint32_t i = dice_below(&x->dice, 3); i > 0; i--) {
        const sally_hooks set = {.struct_size = sizeof set,
                                 .flags = dice_one_in(&x->dice, 2) ? SALLY_HOOKS_NONBLOCKING : 0,
                                 .before_mask = SALLY_OP_ALL,
                                 .after_mask = SALLY_OP_ALL,
                                 .before = before,
                                 .after = after,
                                 .user_data = x};
        if (hook_stack_add(&x->hooks, &set) != SALLY_E_OK)
            stress_fail("cannot add hooks");
    }
}
