#include "base/clean.h"

#include "base/mem.h"
#include "base/utf8.h"

/* General categories Cc, Zl and Zp of Unicode, and those characters of Cf that are not seen. */
static const struct {
    uint32_t first, last;
} unsafe[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},                         /* control characters */
    {0xad, 0xad},       {0x61c, 0x61c},     {0x180e, 0x180e}, /* soft hyphen, marks */
    {0x200b, 0x200f},                                         /* zero width, marks */
    {0x2028, 0x202e},   {0x2060, 0x206f},                     /* separators, bidi, invisible */
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb},                     /* BOM, annotations */
    {0xe0001, 0xe0001}, {0xe0020, 0xe007f},                   /* tags */
};

bool clean_is_unsafe(uint32_t code)
{
    if (code >= 0x20 && code < 0x7f)
        return false;
    for (size_t i = 0; i < COUNT_OF(unsafe) && code >= unsafe[i].first; i++)
        if (code <= unsafe[i].last)
            return true;
    return false;
}

/* Whether the character just read, which the cursor is behind, is allowed in a text of several
 * lines. */
static bool is_layout(uint32_t code, const struct cursor *rest)
{
    return code == '\n' || code == '\t' ||
           (code == '\r' && cursor_left(rest) && rest->at[0] == '\n');
}

struct slice clean_next(struct cursor *text, enum clean_kind kind)
{
    static const uint8_t instead[] = {'?'};
    uint32_t code;
    size_t size = utf8_at(text->at, cursor_left(text), &code);
    const uint8_t *at = cursor_read(text, size ? size : 1);
    bool stays = size && (!clean_is_unsafe(code) || (kind == CLEAN_LINES && is_layout(code, text)));
    return stays ? (struct slice){at, size} : (struct slice){instead, sizeof instead};
}

void clean_put(struct buf *b, struct slice text, enum clean_kind kind)
{
    struct cursor c = cursor_of_slice(text);
    while (cursor_left(&c)) {
        struct slice piece = clean_next(&c, kind);
        put_bytes(b, piece.data, piece.size);
    }
}

void clean_put_string(struct buf *b, struct slice text, enum clean_kind kind)
{
    size_t place = put_string_begin(b);
    clean_put(b, text, kind);
    put_string_end(b, place);
}

size_t clean_copy(char *out, size_t size, struct slice text)
{
    struct cursor c = cursor_of_slice(text);
    size_t length = 0;
    while (cursor_left(&c)) {
        struct slice piece = clean_next(&c, CLEAN_LINE);
        if (piece.size >= size - length)
            break;
        memcpy(out + length, piece.data, piece.size);
        length += piece.size;
    }
    out[length] = '\0';
    return length;
}
