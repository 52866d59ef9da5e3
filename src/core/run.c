#include "core/run.h"

#include "core/copy.h"
#include "core/file.h"
#include "core/fs.h"
#include "core/grants.h"
#include "core/permission.h"
#include "core/refresh.h"
#include "core/session_inside.h"
#include "core/status.h"

/* A READDIR without entries is repeated. Other operations have a turn after ROUNDS_AT_ONCE, and it
 * fails after MAX_EMPTY_ROUNDS: a storage that never returns SALLY_EOF must not keep a thread. */
#define ROUNDS_AT_ONCE   64u
#define MAX_EMPTY_ROUNDS 1000000u

/* The hand-off of a slot or hook that answers late. Two threads may race: the one that called the
 * slot, when it sees PENDING, and the one that finishes; whichever comes second goes on. A third
 * party, the home thread, may wish to cancel: only after the slot has returned, and only until it
 * takes the answer in itself. */
enum {
    RETURNED = 1u, /* the slot has returned PENDING: the finisher brings the operation home */
    FINISHED = 2u, /* finish() was called: step_status is set */
    IN_STORAGE =
        4u, /* with RETURNED: it is the storage that owes the answer, so cancel makes sense */
    CANCELLED = 8u
};

static void begin_step(struct op *op)
{
    /* Nobody else holds the operation here but for a cancel from home, whose bit must survive. */
    atomic_fetch_and_explicit(&op->handoff, CANCELLED, memory_order_acq_rel);
}

static void go_home(struct op *op, enum op_wake_reason wake_reason)
{
    op->wake_reason = wake_reason;
    op->session->host->wake(op->session->host, op);
}

/* After PENDING. True: the answer is there already, in step_status. False: the operation is not
 * ours any more. */
static bool hand_over(struct op *op)
{
    bool in_storage = op->stage == OP_STORAGE;
    uint32_t old = atomic_load_explicit(&op->handoff, memory_order_acquire);
    for (;;) {
        if (old & FINISHED)
            return true;
        if ((old & CANCELLED) && in_storage) {
            /* Not RETURNED yet, so the finisher leaves it alone: home sets that, and may then call
             * cancel. */
            go_home(op, WAKE_CANCEL);
            return false;
        }
        uint32_t wanted = old | RETURNED | (in_storage ? IN_STORAGE : 0);
        if (atomic_compare_exchange_weak_explicit(&op->handoff, &old, wanted, memory_order_acq_rel,
                                                  memory_order_acquire))
            return false;
    }
}

/* Pops the frames: each wrapper sees the answer of the storage inside it, the innermost first.
 * PENDING: a wrapper has passed the operation on again. */
static sally_status unwind(struct op *op, sally_status status)
{
    while (op->frame_count > 0 && status != SALLY_PENDING)
        status = fs_pop_frame(op, status);
    return status;
}

/* A late answer is handled where waiting is allowed, and nothing would ask a second time: the
 * operation is no longer a try. */
static sally_status unwind_late(struct op *op)
{
    begin_step(op); /* no cancel meanwhile: no storage has the operation */
    op->pub.flags &= ~SALLY_OP_TRY;
    return unwind(op, op->step_status);
}

void sally_op_finish(sally_op *pub, sally_status status)
{
    struct op *op = op_of(pub);
    op->step_status = status;
    uint32_t old = atomic_fetch_or_explicit(&op->handoff, FINISHED, memory_order_acq_rel);
    if (!(old & RETURNED))
        return; /* the thread that called the slot continues */
    do {
        if (op->frame_count == 0) {
            go_home(op, WAKE_ANSWER);
            return;
        }
        status = unwind_late(op);
        if (status != SALLY_PENDING) {
            op->step_status = status;
            atomic_fetch_or_explicit(&op->handoff, RETURNED | FINISHED, memory_order_acq_rel);
            go_home(op, WAKE_ANSWER);
            return;
        }
    } while (hand_over(op));
}

bool sally_op_cancelled(const sally_op *pub)
{
    const struct op *op = (const struct op *)(const void *)pub;
    return (atomic_load_explicit(&op->handoff, memory_order_relaxed) & CANCELLED) != 0;
}

static sally_fs *entry_fs(const struct op *op)
{
    return op->fs ? op->fs : op->session->fs;
}

void op_cancel(struct op *op)
{
    uint32_t old = atomic_fetch_or_explicit(&op->handoff, CANCELLED, memory_order_acq_rel);
    /* It cannot be consumed while we are here: consuming happens on this thread. */
    if ((old & (RETURNED | IN_STORAGE)) == (RETURNED | IN_STORAGE) &&
        !(old & (FINISHED | CANCELLED)))
        sally_fs_cancel(entry_fs(op), &op->pub);
}

/* True: the storage has answered before its cancel could be called. */
static bool cancel_late(struct op *op)
{
    uint32_t old =
        atomic_fetch_or_explicit(&op->handoff, RETURNED | IN_STORAGE, memory_order_acq_rel);
    op->late = (old & FINISHED) != 0;
    if (!op->late)
        sally_fs_cancel(entry_fs(op), &op->pub);
    return op->late;
}

/* Whether the client still wants the entries of a READDIR. */
static bool is_wanted(const struct op *op)
{
    return !sally_op_cancelled(&op->pub) && !op->pub.file->closing;
}

/* A READ that brings nothing is at the end. Mistakes of the storage: a READ that brings too much, a
 * WRITE that took too little, a READDIR that has neither entries nor an end. */
static sally_status check_io(const struct op *op, sally_status status)
{
    const sally_op_io *io = &op->pub.u.io;
    if (status != SALLY_OK)
        return status;
    switch (op->kind) {
    case SALLY_OP_READ:
        if (io->done > io->length)
            return SALLY_FAILURE;
        return io->done == 0 && io->length > 0 ? SALLY_EOF : SALLY_OK;
    case SALLY_OP_WRITE:
        return io->done == io->length ? SALLY_OK : SALLY_FAILURE;
    case SALLY_OP_READDIR:
        if (op->entries > 0)
            return SALLY_OK;
        return is_wanted(op) ? SALLY_FAILURE : SALLY_EOF;
    default:
        return status;
    }
}

/* These always reach the storage, whatever a before-hook answers to the client. */
static bool is_closing_kind(uint32_t kind)
{
    return op_kind_closes(kind) || kind == SALLY_OP_SESSION_END;
}

static void start_after_hooks(struct op *op, sally_status status)
{
    status = check_io(op, status_clean(status));
    op->pub.status = op->overruled != SALLY_OK ? op->overruled : status;
    op->stage = OP_AFTER;
    op->hook = op->session->hooks ? (uint32_t)op->session->hooks->count : 0;
}

/* A READDIR without entries (a filter may have hidden them all) is repeated, since an empty reply
 * would mean nothing to the client. */
static bool asks_again(struct op *op, sally_status status)
{
    if (op->kind != SALLY_OP_READDIR || status != SALLY_OK || op->entries > 0 || !is_wanted(op) ||
        op->empty_rounds == MAX_EMPTY_ROUNDS)
        return false;
    op->empty_rounds++;
    op->filters = op->first_filters;
    return true;
}

/* A hook turns a failure into a success: the file is then the hook's own, since the storage has not
 * opened it. A failed SESSION_START stays a failure. */
static sally_status take_over(struct op *op, sally_status status)
{
    if (status != SALLY_OK || op->pub.status == SALLY_OK)
        return status;
    if (op_kind_opens(op->kind))
        op->pub.file->hooks_own = true;
    return op->kind == SALLY_OP_SESSION_START ? op->pub.status : status;
}

/* What a hook or the storage has answered. */
static void take_answer(struct op *op, sally_status status)
{
    switch (op->stage) {
    case OP_BEFORE:
        if (asks_again(op, status))
            break;
        op->hook++;
        if (status == SALLY_CONTINUE)
            break;
        if (is_closing_kind(op->kind)) {
            if (op->overruled == SALLY_OK)
                op->overruled = status_clean(status);
            break;
        }
        if (op_kind_opens(op->kind) && status == SALLY_OK)
            op->pub.file->hooks_own = true;
        start_after_hooks(op, status);
        break;
    case OP_STORAGE:
        fs_restore_paths(&op->pub, &op->paths);
        status = grants_answered(op, entry_fs(op), 0, status);
        if (asks_again(op, status))
            break;
        if (op->pub.kind == SALLY_OP_COPY && status == SALLY_UNSUPPORTED)
            op->stage = OP_COPY;
        else
            start_after_hooks(op, status);
        break;
    default: /* OP_AFTER */
        op->hook--;
        status = take_over(op, status_clean(status));
        if (status != SALLY_OK && op->pub.status == SALLY_OK)
            grants_revoke(op, op->hook + 1);
        op->pub.status = status;
        break;
    }
}

bool op_come_home(struct op *op)
{
    if (op->stage == OP_DONE)
        return true;
    enum op_wake_reason wake_reason = op->wake_reason;
    op->wake_reason = WAKE_ANSWER;
    if (wake_reason == WAKE_CANCEL)
        return cancel_late(op);
    if (wake_reason == WAKE_ANSWER)
        take_answer(op, op->step_status);
    return true;
}

enum next { GO_ON, HANDED_OVER };

static enum next offload(struct op *op)
{
    op->session->host->offload(op->session->host, op);
    return HANDED_OVER;
}

/* Many small WRITEs would each cost a change of thread there and back. */
static enum next offload_storage(struct op *op)
{
    if (op->pub.kind == SALLY_OP_WRITE)
        session_gather(op);
    return offload(op);
}

struct op *op_take_follower(struct op *op)
{
    struct list *item = list_take_first(&op->followers);
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
    go_home(op, WAKE_STEP);
    return HANDED_OVER;
}

/* Wrappers may wait where the storage may. */
static bool may_unwind_here(const struct op *op, bool home)
{
    return op->frame_count == 0 || !must_leave(op, home) ||
           (entry_fs(op)->methods.traits & SALLY_FS_NONBLOCKING);
}

static enum next answered(struct op *op, sally_status status, bool home)
{
    while (status == SALLY_PENDING) {
        if (!hand_over(op))
            return HANDED_OVER;
        if (!may_unwind_here(op, home)) {
            op->late = true;
            return offload(op);
        }
        status = unwind_late(op);
    }
    take_answer(op, status);
    return GO_ON;
}

/* The answer came on a thread that may not call the wrappers. */
static enum next go_on_late(struct op *op, bool home)
{
    if (!may_unwind_here(op, home))
        return offload(op);
    op->late = false;
    return answered(op, unwind_late(op), home);
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
            begin_step(op);
            op->first_filters = op->filters;
            return answered(op, set->before(set->user_data, &op->pub), home);
        }
        /* A hook may have diverted it. */
        sally_status status = op_check_permissions(op);
        if (status != SALLY_OK) {
            start_after_hooks(op, status);
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

static enum next call_storage(struct op *op, bool home)
{
    sally_fs *fs = entry_fs(op);
    sally_op *pub = &op->pub;
    pub->flags &= ~SALLY_OP_TRY;
    if (must_leave(op, home) && !(fs->methods.traits & SALLY_FS_NONBLOCKING)) {
        /* Tried here only while no operation of the session is with a worker, to keep the order. */
        if (!(fs->methods.traits & SALLY_FS_TRY) || op->session->with_workers > 0)
            return offload_storage(op);
        pub->flags |= SALLY_OP_TRY;
    }
    begin_step(op);
    op->paths = fs_paths_of(pub);
    sally_status status = fs_invoke(fs, pub);
    bool again =
        op->undo.active || !grants_any(op); /* what is still to be given back is another's */
    if (status == SALLY_WOULD_BLOCK && (pub->flags & SALLY_OP_TRY) && again) {
        pub->flags &= ~SALLY_OP_TRY;
        op->filters = op->first_filters;
        return offload_storage(op);
    }
    return answered(op, status, home);
}

static enum next storage_step(struct op *op, bool home)
{
    sally_op *pub = &op->pub;
    bool closes = op_kind_closes(op->kind);
    if (closes && !file_begin_close(pub->file))
        return await_pins(op, home);
    if (pub->file && pub->file->hooks_own && !(op->undo.active && op->fs)) {
        start_after_hooks(op, closes ? SALLY_OK : SALLY_INVALID_HANDLE);
        return GO_ON;
    }
    if (op_kind_opens(op->kind) && !file_set_path(pub->file, pub->path)) {
        start_after_hooks(op, SALLY_FAILURE);
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
    start_after_hooks(op, status);
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
            start_after_hooks(op, SALLY_OK);
            return GO_ON;
        case REFRESH_ENDED:
            if (op->pub.file->at_end)
                start_after_hooks(op, SALLY_EOF);
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
            begin_step(op);
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
                start_after_hooks(op, status);
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
