/* Operations that compute for long are done in pieces: in between, those of others get their turn.
 */
#ifndef SALLY_CORE_LONG_OPS_H
#define SALLY_CORE_LONG_OPS_H

#include "core/op.h"

/* Whether a storage may compute for long: digests, and copies without the client. */
bool op_is_long(const struct op *op);

/* For storages, in a slot or a resumed operation: has `resume` called in a thread that may block,
 * when the operation's turn has come again. True: the slot returns PENDING, and the operation is no
 * longer the caller's. False: there is nobody to give way to, go on. */
bool op_resume_later(sally_op *op, op_resume_fn *resume, void *context);

/* Called by the host, on a thread that may block: the operation begins or goes on. */
void session_run_long(struct op *op);

#endif
