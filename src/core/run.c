#include "core/run.h"

#include "core/file.h"
#include "core/fs.h"
#include "core/permission.h"
#include "core/session_inside.h"
#include "core/status.h"

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
            op->parked = true;
            op->session->host->wake(op->session->host, op);
            return false;
        }
        uint32_t wanted = old | RETURNED | (in_storage ? IN_STORAGE : 0);
        if (atomic_compare_exchange_weak_explicit(&op->handoff, &old, wanted, memory_order_acq_rel,
                                                  memory_order_acquire))
            return false;
    }
}

void sally_op_finish(sally_op *pub, sally_status status)
{
    struct op *op = op_of(pub);
    while (op->frame_count > 0) {
        struct op_frame frame = op->frames[--op->frame_count];
        status = frame.on_done(frame.fs, pub, status, frame.context);
        if (status == SALLY_PENDING)
            return;
    }
    op->step_status = status;
    struct session_host *host = op->session->host;
    uint32_t old = atomic_fetch_or_explicit(&op->handoff, FINISHED, memory_order_acq_rel);
    if (old & RETURNED)
        host->wake(host, op);
}

bool sally_op_cancelled(const sally_op *pub)
{
    const struct op *op = (const struct op *)(const void *)pub;
    return (atomic_load_explicit(&op->handoff, memory_order_relaxed) & CANCELLED) != 0;
}

void op_cancel(struct op *op)
{
    uint32_t old = atomic_fetch_or_explicit(&op->handoff, CANCELLED, memory_order_acq_rel);
    /* It cannot be consumed while we are here: consuming happens on this thread. */
    if ((old & (RETURNED | IN_STORAGE)) == (RETURNED | IN_STORAGE) &&
        !(old & (FINISHED | CANCELLED)))
        sally_fs_cancel(op->session->fs, &op->pub);
}

bool op_unpark(struct op *op)
{
    op->parked = false;
    uint32_t old =
        atomic_fetch_or_explicit(&op->handoff, RETURNED | IN_STORAGE, memory_order_acq_rel);
    if (old & FINISHED)
        return true;
    sally_fs_cancel(op->session->fs, &op->pub);
    return false;
}

/* A READ that brings nothing is at the end; one that brings too much, or a WRITE that took too
 * little, is a mistake of the storage. */
static sally_status check_io(const sally_op *op, sally_status status)
{
    if (status != SALLY_OK)
        return status;
    if (op->kind == SALLY_OP_READ && op->u.io.done == 0 && op->u.io.length > 0)
        return SALLY_EOF;
    if (op->kind == SALLY_OP_READ && op->u.io.done > op->u.io.length)
        return SALLY_FAILURE;
    if (op->kind == SALLY_OP_WRITE && op->u.io.done != op->u.io.length)
        return SALLY_FAILURE;
    return status;
}

static void start_after_hooks(struct op *op, sally_status status)
{
    op->pub.status = check_io(&op->pub, status_clean(status));
    op->stage = OP_AFTER;
    op->hook = op->session->hooks ? (uint32_t)op->session->hooks->count : 0;
}

/* What a hook or the storage has answered. */
static void take_answer(struct op *op, sally_status status)
{
    switch (op->stage) {
    case OP_BEFORE:
        op->hook++;
        if (status == SALLY_CONTINUE)
            break;
        if ((op->pub.kind == SALLY_OP_OPEN || op->pub.kind == SALLY_OP_OPENDIR) &&
            status == SALLY_OK)
            op->pub.file->hooks_own = true;
        start_after_hooks(op, status);
        break;
    case OP_STORAGE:
        start_after_hooks(op, status);
        break;
    default: /* OP_AFTER */
        op->hook--;
        op->pub.status = status_clean(status);
        break;
    }
}

void op_resume(struct op *op)
{
    take_answer(op, op->step_status);
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

static enum next answered(struct op *op, sally_status status)
{
    if (status == SALLY_PENDING) {
        if (!hand_over(op))
            return HANDED_OVER;
        status = op->step_status;
    }
    take_answer(op, status);
    return GO_ON;
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
            return answered(op, set->before(set->user_data, &op->pub));
        }
        /* A hook may have diverted it. */
        sally_status status = op_check_permissions(op);
        if (status != SALLY_OK) {
            start_after_hooks(op, status);
            return GO_ON;
        }
    }
    op->stage = OP_STORAGE;
    return GO_ON;
}

static enum next storage_step(struct op *op, bool home)
{
    sally_fs *fs = op->session->fs;
    sally_op *pub = &op->pub;
    if (pub->file && pub->file->hooks_own) {
        bool closes = pub->kind == SALLY_OP_CLOSE || pub->kind == SALLY_OP_CLOSEDIR;
        start_after_hooks(op, closes ? SALLY_OK : SALLY_INVALID_HANDLE);
        return GO_ON;
    }
    if (pub->kind == SALLY_OP_OPEN && !file_set_path(pub->file, pub->path)) {
        start_after_hooks(op, SALLY_FAILURE);
        return GO_ON;
    }
    pub->flags &= ~SALLY_OP_TRY;
    if (must_leave(op, home) && !(fs->methods.traits & SALLY_FS_NONBLOCKING)) {
        /* Tried here only while nothing of the session is with a worker: what was asked first is
         * done first. */
        if (!(fs->methods.traits & SALLY_FS_TRY) || op->session->with_workers > 0)
            return offload_storage(op);
        pub->flags |= SALLY_OP_TRY;
    }
    begin_step(op);
    sally_status status = fs_invoke(fs, pub);
    if (status == SALLY_WOULD_BLOCK && (pub->flags & SALLY_OP_TRY)) {
        pub->flags &= ~SALLY_OP_TRY;
        return offload_storage(op);
    }
    return answered(op, status);
}

static enum next after_step(struct op *op, bool home)
{
    const struct hook_stack *hooks = op->session->hooks;
    uint64_t bit = SALLY_OP_BIT(op->pub.kind);
    if (hooks && (hooks->after_mask & bit)) {
        while (op->hook > 0 && !(hooks->sets[op->hook - 1].after_mask & bit))
            op->hook--;
        if (op->hook > 0) {
            const sally_hooks *set = &hooks->sets[op->hook - 1];
            if (must_leave(op, home) && !(set->flags & SALLY_HOOKS_NONBLOCKING))
                return offload(op);
            begin_step(op);
            return answered(op, set->after(set->user_data, &op->pub));
        }
    }
    op->stage = OP_DONE;
    return GO_ON;
}

bool op_steps(struct op *op, bool home)
{
    enum next next = GO_ON;
    while (next == GO_ON) {
        switch (op->stage) {
        case OP_CHECK: {
            sally_status status = op_check_permissions(op);
            op->stage = OP_BEFORE;
            op->hook = 0;
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
        case OP_AFTER:
            next = after_step(op, home);
            break;
        default:
            return true;
        }
    }
    return false;
}
