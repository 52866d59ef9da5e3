/* Returns memory that connections have freed to the system in a quiet moment. Large blocks were
 * returned at once (os_free_pages()); this is for the rest, which free() keeps between blocks still
 * in use. It affects the heap of the whole process, so it is a setting, and off by default. */
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
    uint64_t loose_bytes; /* the most that may have been freed since the last trim */
    uint64_t moved_ns;    /* when bytes of a client last moved */
    uint64_t done_ns;     /* the last trim by this loop */
    struct task task;
    _Atomic bool is_out; /* the task is with the workers */
};

/* Lives on the loop until the loop drains. False: out of memory. */
bool heap_trim_init(struct heap_trim *trim, struct loop *loop);
/* A connection that moved `moved_bytes` has freed its buffers. */
void heap_trim_note(struct heap_trim *trim, uint64_t moved_bytes);

#endif
