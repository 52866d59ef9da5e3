#include "sftp/reply.h"

#include "core/status.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

/* Clients refuse larger packets (OpenSSH: 256 KiB). */
#define MAX_REPLY    ((size_t)256 * 1024)
#define FIRST_BATCH  ((size_t)4096)
#define NEXT_BATCH   ((size_t)16384)
#define SCRATCH_KEPT ((size_t)4096)

static void close_batch(struct sftp *s)
{
    if (!s->batch)
        return;
    list_append(&s->ready, &blocks_chunk(s->batch, 0, s->batch_size)->link);
    s->batch = NULL;
    s->batch_size = 0;
    s->second_batch = true;
}

/* Unread replies are counted by their memory use. */
static void count_backlog(struct sftp *s, struct block *b)
{
    b->backlog = b->capacity;
    s->blocks->backlog += b->capacity;
}

void reply_copy(struct sftp *s, const uint8_t *data, size_t size)
{
    if (s->batch && size > s->batch->capacity - s->batch_size)
        close_batch(s);
    if (!s->batch) {
        size_t usual = s->second_batch ? NEXT_BATCH : FIRST_BATCH;
        s->batch = blocks_get(s->blocks, size > usual ? size : usual);
        if (!s->batch) {
            engine_out_of_memory(s);
            return;
        }
        count_backlog(s, s->batch);
    }
    memcpy(s->batch->bytes + s->batch_size, data, size);
    s->batch_size += size;
}

void reply_chunk(struct sftp *s, struct block *block, size_t size)
{
    close_batch(s);
    if (!block->op)
        count_backlog(s, block);
    list_append(&s->ready, &blocks_chunk(block, 0, size)->link);
}

struct buf *reply_begin_without_id(struct sftp *s, uint8_t type)
{
    struct buf *b = &s->scratch;
    buf_reset(b);
    b->max = MAX_REPLY;
    put_u32(b, 0);
    put_u8(b, type);
    return b;
}

struct buf *reply_begin(struct sftp *s, uint8_t type, uint32_t id)
{
    struct buf *b = reply_begin_without_id(s, type);
    put_u32(b, id);
    return b;
}

bool reply_end(struct sftp *s, uint32_t id)
{
    struct buf *b = &s->scratch;
    bool complete = !b->failed;
    if (complete) {
        put_string_end(b, 0);
        reply_copy(s, buf_head(b), b->size);
    } else {
        reply_status(s, id, SALLY_FAILURE, "The reply is too large");
    }
    if (b->capacity > SCRATCH_KEPT)
        buf_clear(b);
    return complete;
}

static void put_status(const struct sftp *s, struct buf *b, sally_status status,
                       const char *message)
{
    const char *text = message ? message : sally_status_text(status);
    put_u32(b, status_sftp_code(status, s->version));
    put_string(b, text, strnlen(text, 255));
    put_text(b, "en");
}

/* Built on the stack, so it needs no memory except the batch. */
void reply_status(struct sftp *s, uint32_t id, sally_status status, const char *message)
{
    uint8_t bytes[384];
    struct buf b = {.data = bytes, .capacity = sizeof bytes, .max = sizeof bytes};
    put_u32(&b, 0);
    put_u8(&b, SSH_FXP_STATUS);
    put_u32(&b, id);
    put_status(s, &b, status_clean(status), message);
    put_string_end(&b, 0);
    reply_copy(s, bytes, b.size);
}

static void put_unknown(struct buf *b, const struct op_name *last)
{
    for (uint32_t number = 1; number <= last->number; number++) {
        const struct op_name *n = last;
        while (n->number > number)
            n = n->before;
        put_text(b, n->name);
    }
}

void reply_unknown(struct sftp *s, uint32_t id, const char *message, const struct op_name *names)
{
    struct buf *b = reply_begin(s, SSH_FXP_STATUS, id);
    put_status(s, b, SALLY_UNKNOWN_PRINCIPAL, message);
    if (s->version >= 5)
        put_unknown(b, names);
    if (!b->failed)
        reply_end(s, id);
    else
        reply_status(s, id, SALLY_UNKNOWN_PRINCIPAL, message);
}

bool reply_one_name(struct sftp *s, uint32_t id, const char *name, const sally_attrs *attrs)
{
    sally_attrs copy = {.valid = 0};
    struct buf room;
    bool exact;
    buf_init(&room, 0);
    const char *shown = names_to_client(&s->naming, name, &room, &exact);
    struct buf *b = reply_begin(s, SSH_FXP_NAME, id);
    put_u32(b, 1);
    put_text(b, shown ? shown : "");
    if (s->version == 3)
        put_text(b, shown ? shown : ""); /* the long name */
    if (attrs && s->version > 3)
        copy = *attrs;
    if (!exact && s->version >= 6)
        names_mark(&copy, name);
    copy.valid &= s->default_attrs;
    if (copy.valid)
        attrs_put(b, s->version, &copy);
    else
        attrs_put_none(b, s->version);
    buf_clear(&room);
    if (!shown)
        b->failed = true;
    return reply_end(s, id);
}

bool reply_send(struct sftp *s)
{
    bool any = false;
    struct list *item;
    while (!s->closing && (item = list_pop_first(&s->ready))) {
        struct chunk *c = CONTAINER_OF(item, struct chunk, link);
        blocks_lend(c);
        s->events.send(s->user_data, c);
        any = true;
    }
    return any;
}

bool reply_hand_over(struct sftp *s)
{
    close_batch(s);
    s->second_batch = false;
    bool any = reply_send(s);
    size_t credit = s->credit;
    s->credit = 0;
    if (credit && !s->closing && s->state != BROKEN)
        s->events.credit(s->user_data, credit);
    return any;
}

void reply_drop(struct sftp *s)
{
    blocks_put(s->batch);
    s->batch = NULL;
    struct list *item;
    while ((item = list_pop_first(&s->ready))) {
        struct chunk *c = CONTAINER_OF(item, struct chunk, link);
        c->release(c);
    }
    buf_clear(&s->scratch);
}
