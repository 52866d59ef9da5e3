#include "core/op_run.h"

#include "core/answer.h"
#include "core/copy.h"
#include "core/file.h"
#include "core/fs.h"
#include "core/grants.h"
#include "core/handoff.h"
#include "core/permission.h"
#include "core/refresh.h"
#include "core/session_internal.h"
#include "core/status.h"

/* A READDIR without entries is repeated; other operations get a turn after this many rounds. */
#define ROUNDS_AT_ONCE 64u

bool op_come_home(struct op *op)
{
    if (op->stage == OP_DONE)
        return true;
    enum op_wake_reason wake_reason = op->wake_reason;
    op->wake_reason = WAKE_ANSWER;
    if (wake_reason == WAKE_CANCEL)
        return handoff_cancel_late(op);
    if (wake_reason == WAKE_ANSWER)
        op_apply_answer(op, op->step_status);
    return true;
}

enum next { GO_ON, HANDED_OVER };

static enum next offload(struct op *op)
{
    op->session->host->offload(op->session->host, op);
    return HANDED_OVER;
}

/* Many small WRITEs would each cost two thread switches. */
static enum next offload_storage(struct op *op)
{
    if (op->pub.kind == SALLY_OP_WRITE)
        session_batch_writes(op);
    return offload(op);
}

struct op *op_pop_follower(struct op *op)
{
    struct list *item = list_pop_first(&op->followers);
    if (!item)
        return NULL;
    struct op *next = CONTAINER_OF(item, struct op, link);
    list_move_all(&next->followers, &op->followers);
    return next;
}

static bool must_leave(const struct op *op, bool home)
{
    return home && op->session->host->offload != NULL;
}

/* Sends the operation home, where it continues behind all that is already waiting. */
static enum next leave_for_home(struct op *op)
{
    handoff_go_home(op, WAKE_STEP);
    return HANDED_OVER;
}

/* Wrappers may wait where the storage may; and what a thread of a wrapper's own asks for may wait
 * in any case, or it would need none. */
static bool may_unwind_here(const struct op *op, bool home)
{
    if (!must_leave(op, home))
        return true;
    return op->step_status != STATUS_ASKS &&
           (op_frame_count(op) == 0 || (op_entry_fs(op)->methods.traits & SALLY_FS_NONBLOCKING));
}

static enum next answered(struct op *op, sally_status status, bool home)
{
    while (status == SALLY_PENDING) {
        if (!handoff_give(op))
            return HANDED_OVER;
        if (!may_unwind_here(op, home)) {
            op->late = true;
            return offload(op);
        }
        status = handoff_unwind(op);
    }
    op_apply_answer(op, status);
    return GO_ON;
}

/* The answer came on a thread that may not call the wrappers. */
static enum next go_on_late(struct op *op, bool home)
{
    if (!may_unwind_here(op, home))
        return offload(op);
    op->late = false;
    return answered(op, handoff_unwind(op), home);
}

static enum next before_step(struct op *op, bool home)
{
    const struct hook_stack *hooks = op->session->hooks;
    uint64_t bit = SALLY_OP_BIT(op->pub.kind);
    if (hooks && (hooks->before_mask & bit)) {
        while (op->hook < hooks->count && !(hooks->sets[op->hook].before_mask & bit))
            op->hook++;
        if (op->hook < hooks->count) {
            const sally_hooks *set = &hooks->sets[op->hook];
            if (must_leave(op, home) && !(set->flags & SALLY_HOOKS_NONBLOCKING))
                return offload(op);
            handoff_begin_step(op);
            op->first_filters = op->filters;
            return answered(op, set->before(set->user_data, &op->pub), home);
        }
        /* A hook may have redirected it. */
        sally_status status = op_check_permissions(op);
        if (status != SALLY_OK) {
            op_start_after_hooks(op, status);
            return GO_ON;
        }
    }
    op->first_filters = op->filters;
    op->stage = OP_STORAGE;
    return GO_ON;
}

/* A CLOSE waits for the operations that the program has submitted for the file. */
static enum next await_pins(struct op *op, bool home)
{
    if (!home)
        return leave_for_home(op);
    op->pub.file->close_waiting = op;
    return HANDED_OVER;
}

/* What storages inside have granted already would be granted twice. (Grants that an undo has not
 * come to yet are no part of what it asks.) */
static bool may_ask_again(const struct op *op)
{
    return op->undo.active || !grants_any(op);
}

/* Its client disconnected while it waited for a worker. */
static bool is_given_up(const struct op *op)
{
    return sally_op_cancelled(&op->pub) && op_is_abandonable(op) && !op->undo.active &&
           !grants_any(op);
}

static enum next call_storage(struct op *op, bool home)
{
    sally_fs *fs = op_entry_fs(op);
    sally_op *pub = &op->pub;
    pub->flags &= ~(uint32_t)SALLY_OP_TRY;
    if (is_given_up(op)) {
        op_start_after_hooks(op, SALLY_CONNECTION_LOST);
        return GO_ON;
    }
    if (must_leave(op, home) && !(fs->methods.traits & SALLY_FS_NONBLOCKING)) {
        /* Tried here only while no operation of the session is with a worker, to keep the order. */
        if (!(fs->methods.traits & SALLY_FS_TRY) || op->session->worker_ops > 0)
            return offload_storage(op);
        pub->flags |= SALLY_OP_TRY;
    }
    handoff_begin_step(op);
    op->paths = fs_paths_of(pub);
    sally_status status = fs_invoke(fs, pub);
    /* After PENDING another thread may have the operation. */
    if (status == SALLY_WOULD_BLOCK && (pub->flags & SALLY_OP_TRY) && may_ask_again(op)) {
        pub->flags &= ~(uint32_t)SALLY_OP_TRY;
        op->filters = op->first_filters;
        return offload_storage(op);
    }
    return answered(op, status, home);
}

/* A storage knows neither of the files of an operation if hooks have opened one. */
static bool is_hooks_own(const struct op *op)
{
    const sally_file *file = op->pub.file, *second = op_second_file(&op->pub);
    return (file && file->hooks_own) || (second && second->hooks_own);
}

static enum next storage_step(struct op *op, bool home)
{
    sally_op *pub = &op->pub;
    bool closes = op_kind_closes(op->kind);
    if (closes && !file_begin_close(pub->file))
        return await_pins(op, home);
    if (is_hooks_own(op) && !(op->undo.active && op->fs)) {
        if (op_kind(op->kind)->fallback == FALL_COPY && !op->fs)
            op->stage = OP_COPY; /* its READs and WRITEs pass through the hooks */
        else
            op_start_after_hooks(op, closes ? SALLY_OK : SALLY_INVALID_HANDLE);
        return GO_ON;
    }
    if (op_kind_opens(op->kind) && !file_set_path(pub->file, pub->path)) {
        op_start_after_hooks(op, SALLY_FAILURE);
        return GO_ON;
    }
    if (op->kind == SALLY_OP_SESSION_END && !op->session->fs_started && !op->undo.active) {
        op_start_after_hooks(op, SALLY_OK);
        return GO_ON;
    }
    if (op_is_text_only(op)) {
        op_start_after_hooks(op, sally_op_set_result(pub, pub->path));
        return GO_ON;
    }
    if (op->kind == SALLY_OP_READDIR && pub->file->stale_names.size > 0) {
        op->stage = OP_REFRESH;
        return GO_ON;
    }
    return call_storage(op, home);
}

/* False: it must be done in one go, since the host does not run other work in between. */
static bool may_yield(const struct op *op, bool home)
{
    return !home || op->session->host->yields;
}

/* A COPY that the storage does not support. */
static enum next copy_step(struct op *op, bool home)
{
    sally_status status;
    enum copy_result result = COPY_YIELDS;
    if (!home)
        return leave_for_home(op);
    while (result == COPY_YIELDS) {
        result = copy_run(op, &status);
        if (result == COPY_WAITS)
            return HANDED_OVER;
        if (result == COPY_YIELDS && may_yield(op, home))
            return leave_for_home(op);
    }
    op_start_after_hooks(op, status);
    return GO_ON;
}

/* Stale names come before new entries from the storage. */
static enum next refresh_step(struct op *op, bool home)
{
    if (!home)
        return leave_for_home(op);
    for (;;) {
        switch (refresh_run(op)) {
        case REFRESH_WAITS:
            return HANDED_OVER;
        case REFRESH_YIELDS:
            if (may_yield(op, home))
                return leave_for_home(op);
            break;
        case REFRESH_FULL:
            op_start_after_hooks(op, SALLY_OK);
            return GO_ON;
        case REFRESH_ENDED:
            if (op->pub.file->at_end)
                op_start_after_hooks(op, SALLY_EOF);
            else
                op->stage = OP_STORAGE;
            return GO_ON;
        }
    }
}

static enum next after_step(struct op *op, bool home)
{
    const struct hook_stack *hooks = op->session->hooks;
    uint64_t bit = SALLY_OP_BIT(op->pub.kind);
    if (hooks && (hooks->after_mask & bit)) {
        while (op->hook > op->first_hook && !(hooks->sets[op->hook - 1].after_mask & bit))
            op->hook--;
        if (op->hook > op->first_hook) {
            const sally_hooks *set = &hooks->sets[op->hook - 1];
            if (must_leave(op, home) && !(set->flags & SALLY_HOOKS_NONBLOCKING))
                return offload(op);
            handoff_begin_step(op);
            return answered(op, set->after(set->user_data, &op->pub), home);
        }
    }
    op->stage = OP_DONE;
    return GO_ON;
}

static bool must_give_way(struct op *op, bool home)
{
    bool gives_way = op->gives_way && op->stage != OP_DONE && may_yield(op, home);
    op->gives_way = false;
    return gives_way;
}

bool op_steps(struct op *op, bool home)
{
    if (must_give_way(op, home)) {
        leave_for_home(op);
        return false;
    }
    enum next next = op->late ? go_on_late(op, home) : GO_ON;
    while (next == GO_ON) {
        if (op->empty_rounds % ROUNDS_AT_ONCE == ROUNDS_AT_ONCE - 1 && may_yield(op, home)) {
            op->empty_rounds++;
            next = leave_for_home(op);
            continue;
        }
        switch (op->stage) {
        case OP_CHECK: {
            sally_status status = op_check_permissions(op);
            op->stage = OP_BEFORE;
            op->hook = op->first_hook;
            if (status != SALLY_OK)
                op_start_after_hooks(op, status);
            break;
        }
        case OP_BEFORE:
            next = before_step(op, home);
            break;
        case OP_STORAGE:
            next = storage_step(op, home);
            break;
        case OP_COPY:
            next = copy_step(op, home);
            break;
        case OP_REFRESH:
            next = refresh_step(op, home);
            break;
        case OP_AFTER:
            next = after_step(op, home);
            break;
        default:
            return true;
        }
    }
    return false;
}
