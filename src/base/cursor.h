/* The one way to read received bytes. A cursor never passes its end: a read that does not fit sets
 * `bad`, yields zero or an empty slice, and so does every read after it. A parser therefore reads a
 * whole message and checks once, with cursor_done(), whether it was well formed and completely
 * read. */
#ifndef SALLY_BASE_CURSOR_H
#define SALLY_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/wire.h"

/* Bytes owned by other code. data may be NULL only if size is 0. */
struct slice {
    const uint8_t *data;
    size_t size;
};

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct cursor cursor_of(const void *data, size_t size)
{
    struct cursor c = {data, size ? (const uint8_t *)data + size : data, false};
    return c;
}

static inline struct cursor cursor_of_slice(struct slice s)
{
    return cursor_of(s.data, s.size);
}

static inline size_t cursor_left(const struct cursor *c)
{
    return c->at == c->end ? 0 : (size_t)(c->end - c->at);
}

static inline bool cursor_done(const struct cursor *c)
{
    return !c->bad && c->at == c->end;
}

/* The next `size` bytes; NULL (and bad) when there are fewer. */
static inline const uint8_t *cursor_read(struct cursor *c, size_t size)
{
    if (c->bad || size > cursor_left(c)) {
        c->bad = true;
        c->at = c->end;
        return NULL;
    }
    const uint8_t *p = c->at;
    c->at = size ? c->at + size : c->at;
    return p;
}

static inline uint8_t get_u8(struct cursor *c)
{
    const uint8_t *p = cursor_read(c, 1);
    return p ? *p : 0;
}

/* RFC 4251: all non-zero values mean true. */
static inline bool get_bool(struct cursor *c)
{
    return get_u8(c) != 0;
}

static inline uint32_t get_u32(struct cursor *c)
{
    const uint8_t *p = cursor_read(c, 4);
    return p ? wire_get_u32(p) : 0;
}

static inline uint64_t get_u64(struct cursor *c)
{
    const uint8_t *p = cursor_read(c, 8);
    return p ? wire_get_u64(p) : 0;
}

static inline struct slice get_bytes(struct cursor *c, size_t size)
{
    struct slice s = {cursor_read(c, size), size};
    if (c->bad)
        s.size = 0;
    return s;
}

/* string: uint32 length, then that many bytes. */
static inline struct slice get_string(struct cursor *c)
{
    uint32_t size = get_u32(c);
    return get_bytes(c, size);
}

/* What is left, without moving. */
static inline struct slice cursor_rest(const struct cursor *c)
{
    struct slice s = {c->at, cursor_left(c)};
    return s;
}

static inline bool slice_is(struct slice s, const char *text)
{
    size_t size = strlen(text);
    return s.size == size && (size == 0 || memcmp(s.data, text, size) == 0);
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline struct slice slice_of(const char *text)
{
    struct slice s = {(const uint8_t *)text, strlen(text)};
    return s;
}

/* A name that is to become a C string must not contain a NUL. */
static inline bool slice_has_nul(struct slice s)
{
    return s.size != 0 && memchr(s.data, 0, s.size) != NULL;
}

/* A heap copy that ends in NUL; NULL: out of memory, or the slice contains a NUL. */
char *slice_strdup(struct slice s);

#endif
