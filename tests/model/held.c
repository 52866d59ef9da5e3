/* A storage that delays operations until the host continues them, before or after the storage
 * inside has carried them out, so that answers come late and in any order. */
#include "model.h"

#include "base/list.h"
#include "base/mem.h"
#include "fs/wrap.h"

struct held {
    sally_fs *inner, *outer; /* the outer one is this storage: not held */
    struct dice *dice;
    uint32_t refuse_percent, hold_percent;
    struct list waiting; /* struct answer */
    size_t count;
};

/* In the operation's memory. */
struct answer {
    struct list link;
    sally_op *op;
    bool done; /* the storage has done it, and this came of it: */
    sally_status status;
};

static struct answer *put_aside(struct held *h, sally_op *op)
{
    struct answer *a = sally_op_alloc(op, sizeof *a);
    if (!a)
        return NULL;
    *a = (struct answer){.op = op};
    list_append(&h->waiting, &a->link);
    h->count++;
    return a;
}

static sally_status after(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct held *h = sally_fs_data(fs);
    struct answer *a = put_aside(h, op);
    (void)context;
    if (!a)
        return SALLY_FAILURE;
    a->done = true;
    a->status = status;
    return SALLY_PENDING;
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct held *h = sally_fs_data(fs);
    bool tries = (op->flags & SALLY_OP_TRY) != 0;
    if (!h->dice)
        return sally_fs_call(fs, h->inner, op, NULL, NULL);
    if (tries && dice_percent(h->dice, h->refuse_percent))
        return SALLY_WOULD_BLOCK;
    if (tries || !dice_percent(h->dice, h->hold_percent))
        return sally_fs_call(fs, h->inner, op, NULL, NULL);
    if (dice_percent(h->dice, 50))
        return sally_fs_call(fs, h->inner, op, after, NULL);
    return put_aside(h, op) ? SALLY_PENDING : SALLY_FAILURE;
}

void held_let_go(struct held *h, size_t index)
{
    struct list *item = h->waiting.next;
    while (index--)
        item = item->next;
    struct answer *a = CONTAINER_OF(item, struct answer, link);
    sally_op *op = a->op;
    list_remove(item);
    h->count--;
    sally_status status = a->done ? a->status : sally_fs_call(h->outer, h->inner, op, NULL, NULL);
    if (status != SALLY_PENDING)
        sally_op_finish(op, status);
}

size_t held_count(const struct held *h)
{
    return h->count;
}

void held_use(struct held *h, struct dice *dice, uint32_t refuse_percent, uint32_t hold_percent)
{
    h->dice = dice;
    h->refuse_percent = refuse_percent;
    h->hold_percent = hold_percent;
}

static void destroy(void *user_data)
{
    struct held *h = user_data;
    sally_fs_unref(h->inner);
    mem_free(h);
}

sally_fs *held_fs(struct held **out, sally_fs *inner, uint32_t traits)
{
    sally_fs_methods methods;
    struct held *h = mem_zalloc(sizeof *h);
    if (!h)
        return NULL;
    wrap_methods(&methods, inner, slot);
    methods.traits = (methods.traits & SALLY_FS_ACL) | traits;
    methods.destroy = destroy;
    h->inner = sally_fs_ref(inner);
    list_init(&h->waiting);
    if (sally_fs_new(&h->outer, &methods, h) != SALLY_E_OK) {
        destroy(h);
        return NULL;
    }
    *out = h;
    return h->outer;
}
