/* Answers that come late, from a thread of their own. */
#ifndef SALLY_FS_FAULT_LATE_H
#define SALLY_FS_FAULT_LATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "sallyport/op.h"

struct late; /* the thread and what it waits for */

/* One answer; lives in the operation's memory. */
struct late_answer {
    struct list link;
    sally_op *op;
    sally_status status;
    uint64_t due_ns; /* CLOCK_MONOTONIC */
};

struct late *late_new(void); /* NULL: no memory, or no thread */
/* Nothing is waiting. Any thread, including the late one. */
void late_free(struct late *late);

/* Finishes `op` with `status` after this many milliseconds. */
void late_put(struct late *late, struct late_answer *answer, sally_op *op, sally_status status,
              uint64_t delay_ms);
/* Finishes it now, if it is here. */
bool late_hurry(struct late *late, const sally_op *op);

#endif
