/* An engine's pool of memory, for replies and for the data of READ and WRITE. Fresh memory costs a
 * page fault for every 4 KiB, so blocks are kept and reused. The pool outlives the engine until the
 * receiver has released the last block. */
#ifndef SALLY_CORE_BLOCKS_H
#define SALLY_CORE_BLOCKS_H

#include "base/chunk.h"
#include "base/mem.h"
#include "core/account.h"
#include "core/op.h"

#define BLOCK_CLASSES 7

struct blocks;

struct block {
    struct chunk chunk; /* what the receiver of a reply sees */
    struct list link;   /* in the pool: free, or in use */
    struct blocks *home;
    struct op *op;  /* ends with the block: its reply_bytes stay charged until the data has been
                       sent. NULL: none */
    size_t backlog; /* bytes that count as unread replies */
    size_t lent;    /* bytes of data that the receiver has */
    size_t capacity;
    uint32_t class; /* BLOCK_CLASSES: allocated to fit */
    _Alignas(16) uint8_t bytes[];
};

struct blocks {
    struct list free[BLOCK_CLASSES];
    struct list in_use;
    uint32_t used;                       /* blocks in use */
    size_t cached;                       /* bytes in the free lists */
    size_t backlog, lent;                /* sums over the blocks in use */
    bool orphan;                         /* the engine is gone */
    void (*on_release)(void *user_data); /* a chunk came back; not called for an orphan */
    void *user_data;
    mem_free_fn *free_large;
    struct local_account *memory; /* the blocks are charged to it; NULL: none */
};

/* `memory` is not copied, and must outlive the last block; NULL: no account is kept. */
struct blocks *blocks_new(void (*on_release)(void *user_data), void *user_data,
                          mem_free_fn *free_large, struct local_account *memory);
/* Ends the operations attached to blocks, and releases the pool. */
void blocks_free(struct blocks *p);

/* A block of at least `size` bytes; NULL when memory is short. It is charged whether or not the
 * account has room: callers check that before they start an operation. */
struct block *blocks_get(struct blocks *p, size_t size);
/* Returns a block that was not passed on as a chunk. NULL is allowed. Does not end its
 * operation. */
void blocks_put(struct block *b);
/* Makes the first `size` bytes from `at` of the block a chunk; its receiver releases it. */
struct chunk *blocks_chunk(struct block *b, size_t at, size_t size);
/* The chunk goes to its receiver: an operation's data counts as in use until the chunk is
 * released. */
void blocks_lend(struct chunk *c);
/* Keeps at most `size` bytes of free blocks. */
void blocks_trim(struct blocks *p, size_t size);
/* Ends the operations attached to blocks. */
void blocks_end_ops(struct blocks *p);

#endif
