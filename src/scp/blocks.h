/* Memory for the bytes of files, and for what is sent. Blocks outlive the engine until the receiver
 * has released the last one. */
#ifndef SALLY_SCP_BLOCKS_H
#define SALLY_SCP_BLOCKS_H

#include <stdbool.h>

#include "base/chunk.h"

/* Bytes of one READ or WRITE. */
#define BLOCK_BYTES ((size_t)128 * 1024)

struct blocks;

struct block {
    struct chunk chunk; /* what the receiver sees */
    struct blocks *home;
    size_t capacity;
    _Alignas(16) uint8_t bytes[];
};

struct blocks {
    struct list free; /* by chunk.link: of BLOCK_BYTES each */
    uint32_t in_use;
    bool orphan;                         /* the engine is gone */
    void (*on_release)(void *user_data); /* a chunk came back; not once it is an orphan */
    void *user_data;
};

struct blocks *blocks_new(void (*on_release)(void *user_data), void *user_data);
void blocks_free(struct blocks *p);
/* NULL when memory is short. */
struct block *blocks_get(struct blocks *p, size_t size);
/* Gives one back that was not handed out as a chunk. NULL is allowed. */
void blocks_put(struct block *b);
/* Makes the first `size` bytes a chunk; its receiver releases it. */
struct chunk *blocks_chunk(struct block *b, size_t size);
void blocks_trim(struct blocks *p);

#endif
