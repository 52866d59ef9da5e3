#include "fs/memory_data.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

#define TABLE_BITS  9
#define TABLE_SLOTS (1u << TABLE_BITS)
#define BLOCK_SHIFT 16
#define BLOCK_MIN   64u

struct table {
    void *slot[TABLE_SLOTS];
};

struct data_block {
    uint32_t used, capacity; /* bytes past `used` are zero to readers, whatever they are */
    uint8_t bytes[];
};

uint64_t mem_cost(uint64_t size)
{
    uint64_t cost = (size + 8 + 15) & ~UINT64_C(15);
    return cost < 32 ? 32 : cost;
}

bool mem_charge(struct mem_budget *budget, uint64_t size)
{
    uint64_t cost = mem_cost(size);
    if (budget->max_bytes && cost > budget->max_bytes - budget->bytes)
        return false;
    budget->bytes += cost;
    return true;
}

void mem_uncharge(struct mem_budget *budget, uint64_t size)
{
    budget->bytes -= mem_cost(size);
}

static bool charge(struct mem_data *data, struct mem_budget *budget, uint64_t size)
{
    if (!mem_charge(budget, size))
        return false;
    data->allocated += mem_cost(size);
    return true;
}

static void uncharge(struct mem_data *data, struct mem_budget *budget, uint64_t size)
{
    mem_uncharge(budget, size);
    data->allocated -= mem_cost(size);
}

/* Whether block `index` is below tables of that height. */
static bool covers(unsigned height, uint64_t index)
{
    return height * TABLE_BITS >= 64 || index >> (height * TABLE_BITS) == 0;
}

static struct table *table_new(struct mem_data *data, struct mem_budget *budget)
{
    if (!charge(data, budget, sizeof(struct table)))
        return NULL;
    struct table *table = mem_zalloc(sizeof(*table));
    if (!table)
        uncharge(data, budget, sizeof(*table));
    return table;
}

static void table_free(struct mem_data *data, struct table *table, struct mem_budget *budget)
{
    mem_free(table);
    uncharge(data, budget, sizeof(*table));
}

static unsigned slot_index(uint64_t index, unsigned level)
{
    return (unsigned)(index >> ((level - 1) * TABLE_BITS)) & (TABLE_SLOTS - 1);
}

static const struct data_block *find_block(const struct mem_data *data, uint64_t index)
{
    if (!covers(data->height, index))
        return NULL;
    void *at = data->top;
    for (unsigned level = data->height; at && level > 0; level--)
        at = ((struct table *)at)->slot[slot_index(index, level)];
    return at;
}

/* The place of a block, with tables made on the way; NULL when there is no room for them. */
static void **make_place(struct mem_data *data, struct mem_budget *budget, uint64_t index)
{
    while (!covers(data->height, index)) {
        if (data->top) {
            struct table *table = table_new(data, budget);
            if (!table)
                return NULL;
            table->slot[0] = data->top;
            data->top = table;
        }
        data->height++;
    }
    void **at = &data->top;
    for (unsigned level = data->height; level > 0; level--) {
        if (!*at && !(*at = table_new(data, budget)))
            return NULL;
        at = &((struct table *)*at)->slot[slot_index(index, level)];
    }
    return at;
}

/* Small files stay small; a part of a larger file gets a full block at once. */
static uint32_t good_capacity(uint32_t need)
{
    uint32_t capacity = BLOCK_MIN;
    if (need >= MEM_BLOCK / 4)
        return MEM_BLOCK;
    while (capacity < need)
        capacity *= 2;
    return capacity;
}

static uint32_t close_capacity(uint32_t need)
{
    return (need + BLOCK_MIN - 1) / BLOCK_MIN * BLOCK_MIN;
}

static uint64_t block_size(uint32_t capacity)
{
    return sizeof(struct data_block) + capacity;
}

/* Creates a block, or resizes one; the size has room for the data. */
static int resize_block(struct mem_data *data, struct mem_budget *budget, void **place,
                        uint32_t capacity)
{
    struct data_block *old = *place;
    uint64_t before = old ? block_size(old->capacity) : 0;
    if (old)
        uncharge(data, budget, before);
    int error = charge(data, budget, block_size(capacity)) ? 0 : ENOSPC;
    struct data_block *block = error ? NULL : mem_resize(old, 1, block_size(capacity));
    if (!error && !block) {
        uncharge(data, budget, block_size(capacity));
        error = ENOMEM;
    }
    if (error) {
        if (old)
            charge(data, budget, before); /* which fits, as it did before */
        return error;
    }
    if (!old)
        block->used = 0;
    block->capacity = capacity;
    *place = block;
    return 0;
}

/* If space is short, with no more room than needed. */
static int grow_block(struct mem_data *data, struct mem_budget *budget, void **place, uint32_t need)
{
    int error = resize_block(data, budget, place, good_capacity(need));
    return error == ENOSPC ? resize_block(data, budget, place, close_capacity(need)) : error;
}

static int write_block(struct mem_data *data, struct mem_budget *budget, uint64_t index,
                       uint32_t at, const uint8_t *bytes, uint32_t length)
{
    void **place = make_place(data, budget, index);
    if (!place)
        return ENOSPC;
    struct data_block *block = *place;
    uint32_t used = block ? block->used : 0, end = at + length;
    uint32_t more = end > used ? end - used : 0;
    if (!block || end > block->capacity) {
        int error = grow_block(data, budget, place, end);
        if (error)
            return error;
        block = *place;
    }
    if (at > used)
        memset(block->bytes + used, 0, at - used);
    memcpy(block->bytes + at, bytes, length);
    block->used = used + more;
    data->written += more;
    return 0;
}

int mem_data_write(struct mem_data *data, struct mem_budget *budget, uint64_t offset,
                   const void *bytes, uint32_t length)
{
    if (offset > (uint64_t)INT64_MAX - length)
        return EFBIG;
    for (uint32_t done = 0; done < length;) {
        uint64_t place = offset + done;
        uint32_t at = (uint32_t)(place % MEM_BLOCK), part = MEM_BLOCK - at;
        if (part > length - done)
            part = length - done;
        int error = write_block(data, budget, place >> BLOCK_SHIFT, at,
                                (const uint8_t *)bytes + done, part);
        if (error)
            return error;
        done += part;
        if (place + part > data->size)
            data->size = place + part;
    }
    return 0;
}

uint32_t mem_data_read(const struct mem_data *data, uint64_t offset, void *out, uint32_t length)
{
    if (offset >= data->size)
        return 0;
    if (length > data->size - offset)
        length = (uint32_t)(data->size - offset);
    for (uint32_t done = 0; done < length;) {
        uint32_t at = (uint32_t)((offset + done) % MEM_BLOCK), part = MEM_BLOCK - at;
        if (part > length - done)
            part = length - done;
        const struct data_block *block = find_block(data, (offset + done) >> BLOCK_SHIFT);
        uint32_t there = block && block->used > at ? block->used - at : 0;
        if (there > part)
            there = part;
        if (there)
            memcpy((uint8_t *)out + done, block->bytes + at, there);
        memset((uint8_t *)out + done + there, 0, part - there);
        done += part;
    }
    return length;
}

/* Frees the blocks from number `first` on, counted from this part's own first; true when nothing is
 * left of it. */
static bool free_from(struct mem_data *data, struct mem_budget *budget, void *part, unsigned level,
                      uint64_t first)
{
    if (level == 0) {
        struct data_block *block = part;
        if (first > 0)
            return false;
        data->written -= block->used;
        uncharge(data, budget, block_size(block->capacity));
        mem_free(block);
        return true;
    }
    struct table *table = part;
    unsigned shift = (level - 1) * TABLE_BITS;
    uint64_t begin = first >> shift;
    bool empty = true;
    for (unsigned i = 0; i < TABLE_SLOTS; i++) {
        if (table->slot[i] && i >= begin) {
            uint64_t inner = i == begin ? first - (begin << shift) : 0;
            if (free_from(data, budget, table->slot[i], level - 1, inner))
                table->slot[i] = NULL;
        }
        empty = empty && !table->slot[i];
    }
    if (empty)
        table_free(data, table, budget);
    return empty;
}

static void cut(struct mem_data *data, struct mem_budget *budget, uint64_t size)
{
    uint64_t keep =
        (size + MEM_BLOCK - 1) >> BLOCK_SHIFT; /* blocks that stay, the last perhaps in part */
    if (data->top && covers(data->height, keep) &&
        free_from(data, budget, data->top, data->height, keep))
        data->top = NULL;
    if (!data->top)
        data->height = 0;
    uint32_t tail = (uint32_t)(size % MEM_BLOCK);
    const struct data_block *found = tail ? find_block(data, keep - 1) : NULL;
    if (found && found->used > tail) {
        void **place = make_place(data, budget, keep - 1); /* is there already */
        struct data_block *block = *place;
        data->written -= block->used - tail;
        block->used = tail;
    }
}

void mem_data_fit(struct mem_data *data, struct mem_budget *budget)
{
    uint64_t last = data->size ? (data->size - 1) >> BLOCK_SHIFT : 0;
    const struct data_block *found = find_block(data, last);
    uint32_t capacity = found ? close_capacity(found->used) : 0;
    if (!found || capacity >= found->capacity)
        return;
    void **place = make_place(data, budget, last); /* is there already */
    int error = resize_block(data, budget, place, capacity);
    (void)error; /* it stays as it is */
}

int mem_data_resize(struct mem_data *data, struct mem_budget *budget, uint64_t size)
{
    if (size > INT64_MAX)
        return EFBIG;
    bool cuts = size < data->size;
    if (cuts)
        cut(data, budget, size);
    data->size = size;
    if (cuts)
        mem_data_fit(data, budget);
    return 0;
}

void mem_data_clear(struct mem_data *data, struct mem_budget *budget)
{
    cut(data, budget, 0);
    data->size = 0;
}

/* The first block from number `from` on, counted as free_from() does. */
static const struct data_block *first_block(const void *part, unsigned level, uint64_t from,
                                            uint64_t *index)
{
    if (!part || level == 0) {
        *index = 0;
        return from == 0 ? part : NULL;
    }
    const struct table *table = part;
    unsigned shift = (level - 1) * TABLE_BITS;
    for (uint64_t i = from >> shift; i < TABLE_SLOTS; i++) {
        uint64_t inner = i == from >> shift ? from - (i << shift) : 0;
        const struct data_block *block = first_block(table->slot[i], level - 1, inner, index);
        if (block) {
            *index += i << shift;
            return block;
        }
    }
    return NULL;
}

bool mem_data_next(const struct mem_data *data, uint64_t *at, uint64_t end, uint64_t *start)
{
    if (end > data->size)
        end = data->size;
    while (*at < end && covers(data->height, *at >> BLOCK_SHIFT)) {
        uint64_t index;
        const struct data_block *block =
            first_block(data->top, data->height, *at >> BLOCK_SHIFT, &index);
        if (!block)
            return false;
        *start = index << BLOCK_SHIFT > *at ? index << BLOCK_SHIFT : *at;
        *at = (index << BLOCK_SHIFT) + block->used;
        while (*at == (index + 1) << BLOCK_SHIFT && *at < end &&
               (block = find_block(data, ++index)) != NULL)
            *at += block->used;
        if (*at > end)
            *at = end;
        if (*start < *at)
            return true;
        *at = (index + 1) << BLOCK_SHIFT; /* the block's end was never written */
    }
    return false;
}
