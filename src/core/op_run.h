/* The one way to a storage: permissions, before-hooks, storage, after-hooks, as steps that can be
 * resumed after every late answer. */
#ifndef SALLY_CORE_OP_RUN_H
#define SALLY_CORE_OP_RUN_H

#include "core/op.h"

/* Continues the operation from its stage. `home`: on the session's home thread, where nothing may
 * block. True: the stage is OP_DONE. False: it was passed on (to a worker, or to the code that
 * finishes it) and must not be touched. */
bool op_steps(struct op *op, bool home);

/* The next of those that were to follow an operation that has ended, with the others as its own
 * followers; NULL: none. Before the operation is passed on. */
struct op *op_pop_follower(struct op *op);

/* The operation has come home (session_deliver). True: call op_steps() next. False: the storage
 * still has it. */
bool op_come_home(struct op *op);

#endif
