/* Long operations are done in pieces, so that those of other users get their turn in between. */
#ifndef SALLY_CORE_LONG_OPS_H
#define SALLY_CORE_LONG_OPS_H

#include "core/op.h"

/* Whether the operation may keep a thread busy for long: digests, and copies on the server. */
bool op_is_long(const struct op *op);

/* For storages, in a slot or a resumed operation: `resume` is called when it is the operation's
 * turn again, on a thread that may block. True: the slot must return PENDING, and no longer use the
 * operation. False: no other operation waits; continue. */
bool op_resume_later(sally_op *op, op_resume_fn *resume, void *context);

/* Called by the host, on a thread that may block: the operation starts or continues. */
void session_run_long(struct op *op);

#endif
