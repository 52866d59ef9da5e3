/* What storages have granted to an operation that is not answered yet: an open file or directory, a
 * session, a lock. When a storage has granted it and a wrapper or a hook above then fails the
 * operation, no layer above will ever send the CLOSE, SESSION_END or UNLOCK. So the library sends
 * it, directly to the storage that granted. */
#ifndef SALLY_CORE_GRANTS_H
#define SALLY_CORE_GRANTS_H

#include "core/op.h"

/* Call before `fs` is asked. False: memory is short, and `fs` must not be asked. */
bool grants_ask(struct op *op, sally_fs *fs);

/* `fs`, below `depth` frames, has answered. Returns the status that the layer above sees. */
sally_status grants_answered(struct op *op, sally_fs *fs, uint32_t depth, sally_status status);

/* Whether a storage has granted anything yet. */
bool grants_any(const struct op *op);

/* An after-hook has turned a success into a failure. The sets of hooks from `first_hook` on have
 * seen the success, and will see the undo. */
void grants_revoke(struct op *op, uint32_t first_hook);

/* Home thread, before the operation ends: turns it into the next undo that is due; call op_steps()
 * next. False: no undo is left, and the operation is what it was before. */
bool grants_undo_next(struct op *op);

/* With the operation's memory: what is left is the concern of those who were granted it. */
void grants_release(struct op *op);

#endif
