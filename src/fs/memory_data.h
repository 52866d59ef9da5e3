/* The bytes of a file in memory: blocks of 64 KiB below a tree of tables, so that holes cost
 * nothing, and the end of a huge file is as fast to reach as its start. Errors are errno values; 0
 * is success. */
#ifndef SALLY_FS_MEMORY_DATA_H
#define SALLY_FS_MEMORY_DATA_H

#include <stdbool.h>
#include <stdint.h>

#define MEM_BLOCK 65536u

/* The memory of a whole storage: data, tables, names and everything else. A maximum of 0: no limit.
 */
struct mem_budget {
    uint64_t bytes, max_bytes;
};

/* What an allocation of `size` bytes takes up: a multiple of 16 with a header of 8, as the C
 * library has it. The calls below add or take this. */
uint64_t mem_cost(uint64_t size);
bool mem_charge(struct mem_budget *budget, uint64_t size);
void mem_uncharge(struct mem_budget *budget, uint64_t size);

struct mem_data {
    uint64_t size;      /* of the file */
    uint64_t written;   /* bytes of it that are not holes */
    uint64_t allocated; /* what it was charged */
    void *top;          /* a table, or the only block when height is 0; NULL for nothing */
    unsigned height;    /* tables from the top down to a block */
};

/* Bytes past what was written are zero. Returns how many bytes the file has there. */
uint32_t mem_data_read(const struct mem_data *data, uint64_t offset, void *out, uint32_t length);
/* On failure, some bytes at the start may have been written. ENOSPC, ENOMEM, EFBIG. */
int mem_data_write(struct mem_data *data, struct mem_budget *budget, uint64_t offset,
                   const void *bytes, uint32_t length);
/* EFBIG. */
int mem_data_resize(struct mem_data *data, struct mem_budget *budget, uint64_t size);
/* One stretch of what was written at or after `*at`, which becomes its end; false: none before
 * `end`. */
bool mem_data_next(const struct mem_data *data, uint64_t *at, uint64_t end, uint64_t *start);
/* Frees what was allocated beyond the bytes that were written. */
void mem_data_fit(struct mem_data *data, struct mem_budget *budget);
void mem_data_clear(struct mem_data *data, struct mem_budget *budget);

#endif
