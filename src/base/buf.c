#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    memset(b, 0, sizeof *b);
    b->max = max;
}

void buf_init_secret(struct buf *b, size_t max)
{
    buf_init(b, max);
    b->secret = true;
}

void buf_init_lent(struct buf *b, void *memory, size_t size)
{
    buf_init(b, size);
    b->data = memory;
    b->capacity = size;
}

/* From this size on, returning unused memory is worth a system call. */
#define LARGE ((size_t)32 * 1024)

static void release(const struct buf *b)
{
    if (b->secret && b->data)
        mem_wipe(b->data, b->capacity);
    mem_free_by(b->capacity >= LARGE ? b->free_large : NULL, b->data, b->capacity);
}

void buf_clear(struct buf *b)
{
    release(b);
    b->data = NULL;
    b->start = b->size = b->capacity = 0;
    b->failed = false;
}

void buf_reset(struct buf *b)
{
    if (b->secret && b->data)
        mem_wipe(b->data, b->capacity);
    b->start = b->size = 0;
    b->failed = false;
}

/* A fresh block, not realloc: it would leave secrets behind, and copies the gap at the front. */
static bool grow(struct buf *b, size_t needed)
{
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity < needed)
        capacity = capacity > b->max / 2 ? b->max : capacity * 2;
    uint8_t *data = mem_alloc(capacity);
    if (!data)
        return false;
    if (b->size)
        memcpy(data, b->data + b->start, b->size);
    release(b);
    b->data = data;
    b->start = 0;
    b->capacity = capacity;
    return true;
}

uint8_t *buf_reserve(struct buf *b, size_t size)
{
    /* The maximum may have been lowered below the current size. */
    if (b->failed || b->size > b->max || size > b->max - b->size) {
        b->failed = true;
        return NULL;
    }
    if (size > b->capacity - b->start - b->size) {
        size_t needed = b->size + size;
        if (needed <= b->capacity && b->start >= b->size) {
            memcpy(b->data, b->data + b->start, b->size); /* cannot overlap: start >= size */
            b->start = 0;
        } else if (!grow(b, needed)) {
            b->failed = true;
            return NULL;
        }
    }
    if (!b->data && !grow(b, 1)) { /* max 0, or an empty put: success must not return NULL */
        b->failed = true;
        return NULL;
    }
    return b->data + b->start + b->size;
}

void buf_commit(struct buf *b, size_t size)
{
    b->size += size;
}

uint8_t *buf_extend(struct buf *b, size_t size)
{
    uint8_t *room = buf_reserve(b, size);
    if (room)
        b->size += size;
    return room;
}

void buf_consume(struct buf *b, size_t size)
{
    if (size >= b->size) {
        b->start = b->size = 0;
        return;
    }
    b->start += size;
    b->size -= size;
}

void buf_truncate(struct buf *b, size_t size)
{
    if (size < b->size)
        b->size = size;
}

void put_u8(struct buf *b, uint8_t v)
{
    uint8_t *p = buf_extend(b, 1);
    if (p)
        *p = v;
}

void put_bool(struct buf *b, bool v)
{
    put_u8(b, v ? 1 : 0);
}

void put_u32(struct buf *b, uint32_t v)
{
    uint8_t *p = buf_extend(b, 4);
    if (p)
        wire_put_u32(p, v);
}

void put_u64(struct buf *b, uint64_t v)
{
    uint8_t *p = buf_extend(b, 8);
    if (p)
        wire_put_u64(p, v);
}

void put_bytes(struct buf *b, const void *data, size_t size)
{
    uint8_t *p = buf_extend(b, size);
    if (p && size)
        memcpy(p, data, size);
}

void put_string(struct buf *b, const void *data, size_t size)
{
    if (size > UINT32_MAX) {
        b->failed = true;
        return;
    }
    put_u32(b, (uint32_t)size);
    put_bytes(b, data, size);
}

void put_slice(struct buf *b, struct slice s)
{
    put_string(b, s.data, s.size);
}

void put_text(struct buf *b, const char *text)
{
    put_string(b, text, strlen(text));
}

void put_mpint(struct buf *b, const void *data, size_t size)
{
    const uint8_t *p = data;
    while (size && *p == 0) {
        p++;
        size--;
    }
    bool pad = size && (*p & 0x80);
    if (size >= UINT32_MAX) {
        b->failed = true;
        return;
    }
    put_u32(b, (uint32_t)size + (pad ? 1 : 0));
    if (pad)
        put_u8(b, 0);
    put_bytes(b, p, size);
}

size_t put_string_begin(struct buf *b)
{
    size_t place = b->size;
    put_u32(b, 0);
    return place;
}

void put_string_end(struct buf *b, size_t place)
{
    if (b->failed)
        return;
    wire_put_u32(buf_head(b) + place, (uint32_t)(b->size - place - 4));
}

void put_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *room = needed < 0 ? NULL : buf_reserve(b, (size_t)needed + 1);
    if (!room) {
        b->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf((char *)room, (size_t)needed + 1, format, args);
    va_end(args);
    buf_commit(b, (size_t)needed);
}
