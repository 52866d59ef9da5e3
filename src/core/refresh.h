/* Directory entries that were prefetched before the client's session changed something: each name
 * is looked up again by STAT before it is sent. */
#ifndef SALLY_CORE_REFRESH_H
#define SALLY_CORE_REFRESH_H

#include "core/op.h"

enum refresh_result {
    REFRESH_ENDED, /* every name in file->stale_names was added to the reply, or no longer exists */
    REFRESH_FULL,  /* the reply is full: the remaining names wait for the next READDIR */
    REFRESH_WAITS, /* session_continue_op() follows once the next answer has come */
    REFRESH_YIELDS /* other operations should have a turn; then call this again */
};

/* Home thread: continues a READDIR as far as answers come at once. */
enum refresh_result refresh_run(struct op *op);

#endif
