/* Memory that connections have let go of goes back to the system in a quiet moment. What is large
 * went at once (mem_free_pages()); this is for the rest, which free() keeps between blocks that
 * live on. It concerns the process's heap as a whole, so it is a setting, and off by default. */
#ifndef SALLY_SERVER_SWEEP_H
#define SALLY_SERVER_SWEEP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/deadlines.h"
#include "server/task.h"

struct loop;

/* A loop's part. */
struct sweep {
    struct deadline deadline;
    uint64_t loose_bytes; /* that may have been let go of since the last sweep, at most */
    uint64_t moved_ns;    /* when bytes of a client last moved */
    uint64_t done_ns;     /* the last one of this loop's */
    struct task task;
    _Atomic bool is_out; /* the task is with the workers */
};

void sweep_init(struct sweep *sweep);
/* A connection that moved so many bytes has given its buffers back. */
void sweep_note(struct loop *loop, uint64_t moved_bytes);
/* The deadline has come. */
void sweep_due(struct loop *loop);

#endif
