/* COPY by FSTAT, READ and WRITE, if no storage can do it alone. */
#ifndef SALLY_CORE_COPY_H
#define SALLY_CORE_COPY_H

#include "core/op.h"

enum copy_result {
    COPY_ENDED, /* *status is the answer */
    COPY_WAITS, /* session_continue_op() follows once the next answer has come */
    COPY_YIELDS /* others should have a turn, then this is called again */
};

/* Home thread: copies as long as answers come at once. */
enum copy_result copy_run(struct op *op, sally_status *status);

#endif
