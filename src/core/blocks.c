#include "core/blocks.h"

#include "base/mem.h"

/* Sizes that occur: a line of text; a few small replies; many; 32 KiB of data, which most clients
 * ask for; 64 KiB of data or names; 128 KiB, the pieces of scp; and 256 KiB, which clients that
 * know limits@openssh.com ask for. Each with a header. */
static const size_t class_sizes[BLOCK_CLASSES] = {512, 4096, 16384, 40960, 73728, 139264, 270336};

#define MAX_CACHED ((size_t)8 * 1024 * 1024)

struct blocks *blocks_new(void (*on_release)(void *user_data), void *user_data,
                          mem_free_fn *free_large, struct local_account *memory)
{
    struct blocks *p = mem_zalloc(sizeof *p);
    if (!p)
        return NULL;
    for (size_t i = 0; i < BLOCK_CLASSES; i++)
        list_init(&p->free[i]);
    list_init(&p->in_use);
    p->on_release = on_release;
    p->user_data = user_data;
    p->free_large = free_large;
    p->memory = memory;
    return p;
}

static void charge(struct blocks *p, const struct block *b)
{
    if (p->memory)
        local_account_force(p->memory, sizeof *b + b->capacity);
}

static void release_charge(struct blocks *p, const struct block *b)
{
    if (p->memory)
        local_account_release(p->memory, sizeof *b + b->capacity);
}

static void free_if_unused(struct blocks *p)
{
    if (p->orphan && list_empty(&p->in_use))
        mem_free(p);
}

/* Ending one may start and end others, which changes the list. */
static struct block *first_with_op(const struct blocks *p)
{
    LIST_EACH (item, &p->in_use) {
        struct block *b = CONTAINER_OF(item, struct block, link);
        if (b->op)
            return b;
    }
    return NULL;
}

void blocks_end_ops(struct blocks *p)
{
    for (struct block *b; (b = first_with_op(p));) {
        struct op *op = b->op;
        b->op = NULL;
        op_free(op);
    }
}

void blocks_free(struct blocks *p)
{
    blocks_end_ops(p);
    blocks_trim(p, 0);
    p->orphan = true;
    free_if_unused(p);
}

static uint32_t class_of(size_t size)
{
    uint32_t class = 0;
    while (class < BLOCK_CLASSES && class_sizes[class] < size)
        class ++;
    return class;
}

struct block *blocks_get(struct blocks *p, size_t size)
{
    uint32_t class = class_of(size);
    struct list *item = class < BLOCK_CLASSES ? list_pop_first(&p->free[class]) : NULL;
    struct block *b = item ? CONTAINER_OF(item, struct block, link) : NULL;
    if (b) {
        p->cached -= b->capacity;
    } else {
        size_t capacity = class < BLOCK_CLASSES ? class_sizes[class] : size;
        if (capacity > SIZE_MAX - sizeof *b)
            return NULL;
        b = mem_alloc(sizeof *b + capacity);
        if (!b)
            return NULL;
        b->home = p;
        b->capacity = capacity;
        b->class = class;
        charge(p, b);
    }
    b->op = NULL;
    b->backlog = b->lent = 0;
    list_init(&b->chunk.link);
    list_append(&p->in_use, &b->link);
    p->used++;
    return b;
}

void blocks_put(struct block *b)
{
    if (!b)
        return;
    struct blocks *p = b->home;
    list_remove(&b->link);
    p->used--;
    p->backlog -= b->backlog;
    p->lent -= b->lent;
    if (p->orphan || b->class == BLOCK_CLASSES || p->cached + b->capacity > MAX_CACHED ||
        local_account_is_tight(p->memory)) {
        release_charge(p, b);
        mem_free(b);
    } else {
        list_prepend(&p->free[b->class],
                     &b->link); /* the one most likely in the cache goes first */
        p->cached += b->capacity;
    }
    free_if_unused(p);
}

static void release(struct chunk *c)
{
    struct block *b = CONTAINER_OF(c, struct block, chunk);
    struct blocks *p = b->home;
    struct op *op = b->op;
    bool orphan = p->orphan;
    b->op = NULL;
    blocks_put(b); /* first, since operations started by op_free may use it */
    if (op)
        op_free(op);
    if (!orphan)
        p->on_release(p->user_data);
}

struct chunk *blocks_chunk(struct block *b, size_t at, size_t size)
{
    b->chunk.data = b->bytes + at;
    b->chunk.size = size;
    b->chunk.release = release;
    return &b->chunk;
}

void blocks_lend(struct chunk *c)
{
    struct block *b = CONTAINER_OF(c, struct block, chunk);
    if (!b->op)
        return;
    b->lent = c->size;
    b->home->lent += c->size;
}

void blocks_trim(struct blocks *p, size_t size)
{
    for (size_t i = BLOCK_CLASSES; i-- > 0 && p->cached > size;) {
        struct list *item;
        while (p->cached > size && (item = list_pop_first(&p->free[i]))) {
            struct block *b = CONTAINER_OF(item, struct block, link);
            p->cached -= b->capacity;
            release_charge(p, b);
            mem_free_by(p->free_large, b, sizeof *b + b->capacity);
        }
    }
}
