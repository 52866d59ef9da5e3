/* Memory that is given back all at once: for what belongs to one answer. */
#ifndef SALLY_CLIENT_ARENA_H
#define SALLY_CLIENT_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* NULL at first */
};

/* NULL: memory is short. */
void *arena_alloc(struct arena *a, size_t size);
void arena_clear(struct arena *a);

#endif
