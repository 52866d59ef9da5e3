#include "crypto/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct slice data, bool pad, struct buf *out)
{
    if (data.size > SIZE_MAX / 4 * 3 - 4) {
        out->failed = true;
        return;
    }
    size_t tail = data.size % 3;
    size_t size = data.size / 3 * 4 + (tail == 0 ? 0 : pad ? 4 : tail + 1);
    uint8_t *to = buf_extend(out, size);
    if (!to)
        return;
    struct cursor in = cursor_of_slice(data);
    while (cursor_left(&in) > 0) {
        size_t count = cursor_left(&in) < 3 ? cursor_left(&in) : 3;
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < count ? get_u8(&in) : 0u);
        for (size_t i = 0; i < 4; i++) {
            if (i <= count)
                *to++ = (uint8_t)alphabet[bits >> (18 - 6 * i) & 63];
            else if (pad)
                *to++ = '=';
        }
    }
}

/* -1: not in the alphabet. Comparisons instead of a table: no secret becomes an address. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool decode(struct slice text, struct buf *out)
{
    struct cursor in = cursor_of_slice(text);
    uint32_t bits = 0;
    unsigned count = 0, pads = 0; /* characters of the group that is not complete yet */
    while (cursor_left(&in) > 0) {
        uint8_t c = get_u8(&in);
        if (is_space(c))
            continue;
        if (c == '=') {
            pads++;
            continue;
        }
        int value = value_of(c);
        if (value < 0 || pads > 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (++count == 4) {
            uint8_t group[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
            put_bytes(out, group, sizeof group);
            bits = count = 0;
        }
    }
    /* The padding may be missing, but not a part of it; unused bits must be zero. */
    if (count == 1 || (pads > 0 && (count == 0 || count + pads != 4)))
        return false;
    if (count == 2) {
        put_u8(out, (uint8_t)(bits >> 4));
        return (bits & 15) == 0;
    }
    if (count == 3) {
        put_u8(out, (uint8_t)(bits >> 10));
        put_u8(out, (uint8_t)(bits >> 2));
        return (bits & 3) == 0;
    }
    return true;
}

bool base64_decode(struct slice text, struct buf *out)
{
    size_t before = out->size;
    bool ok = decode(text, out) && !out->failed;
    if (!ok)
        buf_truncate(out, before);
    return ok;
}
