/* Names of a directory that were read ahead of the client, and what has changed since: what they
 * are is asked once more. */
#ifndef SALLY_CORE_RELIST_H
#define SALLY_CORE_RELIST_H

#include "core/op.h"

enum relist_result {
    RELIST_ENDED, /* every name in file->again was told, or is not there any more */
    RELIST_FULL,  /* the reply is: the rest waits for the next READDIR */
    RELIST_WAITS, /* session_go_on() follows when the next answer is there */
    RELIST_YIELDS /* others should have a turn, then this is called again */
};

/* Home thread: goes on with a READDIR as far as answers come at once. */
enum relist_result relist_run(struct op *op);

#endif
