/* What storages have opened, started or locked for an operation that is not answered yet. Where a
 * storage has answered well and a wrapper or a hook above it makes a failure of that, nobody up
 * there will ever ask for the closing: the library does, of the very storage. */
#ifndef SALLY_CORE_TAKEN_H
#define SALLY_CORE_TAKEN_H

#include "core/op.h"

/* `fs` is about to be asked. False: memory is short, and it must not be. */
bool taken_ask(struct op *op, sally_fs *fs);

/* `fs` has answered, below `depth` frames. Returns the status that the layer above sees. */
sally_status taken_answered(struct op *op, sally_fs *fs, uint32_t depth, sally_status status);

/* Whether a storage has taken something already. */
bool taken_any(const struct op *op);

/* An after-hook has refused what was good so far; the sets of hooks from `first_hook` on have seen
 * it good, and will see the closing. */
void taken_refuse(struct op *op, uint32_t first_hook);

/* Home thread, instead of the operation's end: makes it the next closing that is due; op_steps()
 * comes next. False: nothing is due any more, and the operation is what it was. */
bool taken_give_back(struct op *op);

#endif
