/* A growing byte buffer with a hard maximum: bytes are put at the end and taken from the front. The
 * one way to build messages. A put that would exceed the maximum, or runs out of memory, sets
 * `failed` and changes nothing, and so does every put after it: build the whole message, then check
 * once. */
#ifndef SALLY_BASE_BUF_H
#define SALLY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/mem.h"

struct buf {
    uint8_t *data;   /* the allocation */
    size_t start;    /* first byte in use */
    size_t size;     /* bytes in use from start */
    size_t capacity; /* of the allocation */
    size_t max;      /* size never exceeds it */
    bool secret;     /* wipe memory before it is freed */
    bool failed;
    mem_free_fn *free_large; /* NULL unless set after buf_init(); frees large memory */
};

void buf_init(struct buf *b, size_t max);
void buf_init_secret(struct buf *b, size_t max);
/* Uses `size` bytes of the caller's memory and never grows. Only for puts and buf_truncate(); there
 * is nothing to free. */
void buf_init_lent(struct buf *b, void *memory, size_t size);
void buf_clear(struct buf *b); /* frees; may be used again */
void buf_reset(struct buf *b); /* empties, keeps the memory (wiped when secret), clears failed */

static inline uint8_t *buf_head(const struct buf *b)
{
    return b->data ? b->data + b->start : NULL;
}

static inline struct slice buf_slice(const struct buf *b)
{
    struct slice s = {buf_head(b), b->size};
    return s;
}

/* Room for `size` more bytes in one piece after the ones in use; NULL (and failed) if that is
 * impossible. The bytes count only after buf_commit(). */
uint8_t *buf_reserve(struct buf *b, size_t size);
void buf_commit(struct buf *b, size_t size);

/* Reserve and commit at once: the caller fills what it gets. */
uint8_t *buf_extend(struct buf *b, size_t size);

void buf_consume(struct buf *b, size_t size);  /* drops from the front */
void buf_truncate(struct buf *b, size_t size); /* keeps the first `size` bytes */

void put_u8(struct buf *b, uint8_t v);
void put_bool(struct buf *b, bool v);
void put_u32(struct buf *b, uint32_t v);
void put_u64(struct buf *b, uint64_t v);
void put_bytes(struct buf *b, const void *data, size_t size);
void put_string(struct buf *b, const void *data, size_t size); /* uint32 length, bytes */
void put_slice(struct buf *b, struct slice s);                 /* as a string */
void put_text(struct buf *b, const char *text);                /* as a string, without the NUL */
/* A non-negative big-endian number as an mpint: no leading zeros, a 0x00 before a set top bit. */
void put_mpint(struct buf *b, const void *data, size_t size);

/* A string whose length is not known yet: begin returns its place, end fills the length in. */
size_t put_string_begin(struct buf *b);
void put_string_end(struct buf *b, size_t place);

/* Formatted text without a length, for messages and logs. */
void put_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
