/* The hand-off of a late answer between the thread that called a slot or hook, the one that
 * finishes the operation, and the home thread, which may cancel. */
#ifndef SALLY_CORE_HANDOFF_H
#define SALLY_CORE_HANDOFF_H

#include "core/op.h"

/* A slot or hook is about to be called. */
void handoff_begin_step(struct op *op);

/* After PENDING. True: the answer is there already, in step_status; handoff_unwind() comes next.
 * False: another thread may have the operation now. */
bool handoff_give(struct op *op);

/* Lets the wrappers see a late answer, step_status. It is handled where waiting is allowed, and
 * nothing would call again: SALLY_OP_TRY is cleared. PENDING: handoff_give() comes next. */
sally_status handoff_unwind(struct op *op);

/* session_deliver() follows on the home thread. */
void handoff_go_home(struct op *op, enum op_wake_reason wake_reason);

/* It came home with WAKE_CANCEL. True: the storage has answered before its cancel could be called,
 * and op->late is set. */
bool handoff_cancel_late(struct op *op);

/* Home thread: the answer is no longer wanted. Calls the storage's cancel now or as soon as it
 * may be called. */
void op_cancel(struct op *op);

#endif
