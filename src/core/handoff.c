#include "core/handoff.h"

#include "core/fs.h"
#include "core/session_internal.h"
#include "core/status.h"

/* The hand-off of a slot or hook that answers late. Two threads may race: the one that called the
 * slot, when it sees PENDING, and the one that finishes; the second one continues. A third one, the
 * home thread, may cancel: only after the slot has returned, and only until it receives the answer
 * itself. */
enum {
    RETURNED = 1u,   /* the slot has returned PENDING: the finisher brings the operation home */
    FINISHED = 2u,   /* finish() was called: step_status is set */
    IN_STORAGE = 4u, /* with RETURNED: the storage must answer, so cancel may be called */
    CANCELLED = OP_CANCELLED,
    CANCELLING = 16u /* home is inside the storage's cancel: an answer that comes meanwhile is left
                      * to it, so that no wrapper sees the answer before it has left cancel */
};

void handoff_begin_step(struct op *op)
{
    /* No other thread has the operation here. A cancel from home may come: its bit must survive. */
    atomic_fetch_and_explicit(&op->handoff, CANCELLED, memory_order_acq_rel);
}

void handoff_go_home(struct op *op, enum op_wake_reason wake_reason)
{
    op->wake_reason = wake_reason;
    op->session->host->wake(op->session->host, op);
}

bool handoff_give(struct op *op)
{
    bool in_storage = op->stage == OP_STORAGE;
    uint32_t old = atomic_load_explicit(&op->handoff, memory_order_acquire);
    for (;;) {
        if (old & FINISHED)
            return true;
        if ((old & CANCELLED) && in_storage) {
            /* Not RETURNED yet, so the finisher leaves it alone: home sets that, and may then call
             * cancel. */
            handoff_go_home(op, WAKE_CANCEL);
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
    while (op_frame_count(op) > 0 && status != SALLY_PENDING)
        status = fs_pop_frame(op, status);
    return status;
}

sally_status handoff_unwind(struct op *op)
{
    handoff_begin_step(op); /* no cancel meanwhile: no storage has the operation */
    op->pub.flags &= ~(uint32_t)SALLY_OP_TRY;
    sally_status status = op->step_status;
    return unwind(op, status == STATUS_ASKS ? fs_begin_asked(&op->pub) : status);
}

void sally_op_finish(sally_op *pub, sally_status status)
{
    struct op *op = op_of(pub);
    /* What is asked for after the slot has returned is a step of its own, or a cancel that came
     * before it would be lost. Until then it is begun here: the slot's thread may not wait. */
    bool has_returned = atomic_load_explicit(&op->handoff, memory_order_acquire) & RETURNED;
    if (status == STATUS_ASKS && !has_returned && (status = fs_begin_asked(pub)) == SALLY_PENDING)
        return; /* the storage that was asked has it now */
    op->step_status = status;
    uint32_t old = atomic_fetch_or_explicit(&op->handoff, FINISHED, memory_order_acq_rel);
    if (!(old & RETURNED))
        return; /* the thread that called the slot continues */
    if (old & CANCELLING)
        return; /* home does */
    do {
        if (op_frame_count(op) == 0 && op->step_status != STATUS_ASKS) {
            handoff_go_home(op, WAKE_ANSWER);
            return;
        }
        status = handoff_unwind(op);
        if (status != SALLY_PENDING) {
            op->step_status = status;
            atomic_fetch_or_explicit(&op->handoff, RETURNED | FINISHED, memory_order_acq_rel);
            handoff_go_home(op, WAKE_ANSWER);
            return;
        }
    } while (handoff_give(op));
}

/* CANCELLING is set. True: the answer has come meanwhile, and home must take care of it. */
static bool call_cancel(struct op *op)
{
    fs_cancel(op_entry_fs(op), &op->pub);
    uint32_t old = atomic_fetch_and_explicit(&op->handoff, ~CANCELLING, memory_order_acq_rel);
    return (old & FINISHED) != 0;
}

void op_cancel(struct op *op)
{
    const uint32_t waits = RETURNED | IN_STORAGE;
    uint32_t old = atomic_load_explicit(&op->handoff, memory_order_acquire), wanted;
    do {
        bool pending = (old & (waits | FINISHED | CANCELLED)) == waits;
        wanted = old | CANCELLED | (pending ? CANCELLING : 0);
    } while (!atomic_compare_exchange_weak_explicit(&op->handoff, &old, wanted,
                                                    memory_order_acq_rel, memory_order_acquire));
    /* It cannot be consumed while we are here: consuming happens on this thread. */
    if ((wanted & CANCELLING) && !(old & CANCELLING) && call_cancel(op)) {
        op->late = true;
        handoff_go_home(op, WAKE_STEP);
    }
}

bool handoff_cancel_late(struct op *op)
{
    uint32_t old = atomic_fetch_or_explicit(&op->handoff, RETURNED | IN_STORAGE | CANCELLING,
                                            memory_order_acq_rel);
    op->late = (old & FINISHED) != 0;
    if (op->late)
        atomic_fetch_and_explicit(&op->handoff, ~CANCELLING, memory_order_acq_rel);
    else
        op->late = call_cancel(op);
    return op->late;
}
