#include "scp/blocks.h"

#include "base/mem.h"

struct blocks *blocks_new(void (*on_release)(void *user_data), void *user_data)
{
    struct blocks *p = mem_zalloc(sizeof *p);
    if (!p)
        return NULL;
    list_init(&p->free);
    p->on_release = on_release;
    p->user_data = user_data;
    return p;
}

static struct block *block_of(struct chunk *c)
{
    return CONTAINER_OF(c, struct block, chunk);
}

void blocks_trim(struct blocks *p)
{
    struct list *item;
    while ((item = list_take_first(&p->free)) != NULL) {
        struct block *b = block_of(CONTAINER_OF(item, struct chunk, link));
        mem_free_pages(b, sizeof *b + b->capacity);
    }
}

static void free_if_unused(struct blocks *p)
{
    if (p->orphan && p->in_use == 0)
        mem_free(p);
}

void blocks_free(struct blocks *p)
{
    blocks_trim(p);
    p->orphan = true;
    free_if_unused(p);
}

struct block *blocks_get(struct blocks *p, size_t size)
{
    /* Small files get small blocks: fresh memory costs a page fault for every 4 KiB. */
    struct list *item = size > BLOCK_BYTES / 4 ? list_take_first(&p->free) : NULL;
    struct block *b = item ? block_of(CONTAINER_OF(item, struct chunk, link)) : NULL;
    if (!b) {
        size_t capacity = size > BLOCK_BYTES / 4 && size < BLOCK_BYTES ? BLOCK_BYTES : size;
        b = mem_alloc(sizeof *b + capacity);
        if (!b)
            return NULL;
        b->home = p;
        b->capacity = capacity;
    }
    list_init(&b->chunk.link);
    p->in_use++;
    return b;
}

void blocks_put(struct block *b)
{
    if (!b)
        return;
    struct blocks *p = b->home;
    p->in_use--;
    if (p->orphan || b->capacity != BLOCK_BYTES)
        mem_free(b);
    else
        list_prepend(&p->free, &b->chunk.link);
    free_if_unused(p);
}

static void release(struct chunk *c)
{
    struct block *b = block_of(c);
    struct blocks *p = b->home;
    bool orphan = p->orphan;
    blocks_put(b);
    if (!orphan)
        p->on_release(p->user_data);
}

struct chunk *blocks_chunk(struct block *b, size_t size)
{
    b->chunk.data = b->bytes;
    b->chunk.size = size;
    b->chunk.release = release;
    return &b->chunk;
}
