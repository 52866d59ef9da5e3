/* Memory that is freed all at once: for the data of one reply. */
#ifndef SALLY_CLIENT_ARENA_H
#define SALLY_CLIENT_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* NULL at first */
};

/* NULL: out of memory. */
void *arena_alloc(struct arena *a, size_t size);
void arena_clear(struct arena *a);

#endif
