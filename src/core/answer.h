/* How answers are processed, and which step of the operation follows. */
#ifndef SALLY_CORE_ANSWER_H
#define SALLY_CORE_ANSWER_H

#include "core/op.h"

/* What a hook or the storage has answered: the stage says which. */
void op_apply_answer(struct op *op, sally_status status);

/* `status` is the answer, unless an after-hook changes it. */
void op_start_after_hooks(struct op *op, sally_status status);

#endif
