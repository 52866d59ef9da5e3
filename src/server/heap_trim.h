/* Memory that connections have let go of goes back to the system in a quiet moment. What is large
 * went at once (os_free_pages()); this is for the rest, which free() keeps between blocks that
 * live on. It concerns the process's heap as a whole, so it is a setting, and off by default. */
#ifndef SALLY_SERVER_HEAP_TRIM_H
#define SALLY_SERVER_HEAP_TRIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop/member.h"
#include "loop/task.h"

struct loop;

/* A loop's part. */
struct heap_trim {
    struct loop_member member;
    uint64_t loose_bytes; /* that may have been freed since the last time, at most */
    uint64_t moved_ns;    /* when bytes of a client last moved */
    uint64_t done_ns;     /* the last one of this loop's */
    struct task task;
    _Atomic bool is_out; /* the task is with the workers */
};

/* Lives on the loop until that drains. False: out of memory. */
bool heap_trim_init(struct heap_trim *trim, struct loop *loop);
/* A connection that moved so many bytes has given its buffers back. */
void heap_trim_note(struct heap_trim *trim, uint64_t moved_bytes);

#endif
