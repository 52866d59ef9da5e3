#include "base/utf8.h"

size_t utf8_at(const uint8_t *s, size_t size, uint32_t *code)
{
    size_t length;
    uint32_t least;
    if (size == 0)
        return 0;
    if (s[0] < 0x80) {
        *code = s[0];
        return 1;
    } else if (s[0] >= 0xc2 && s[0] < 0xe0) {
        length = 2;
        least = 0x80;
        *code = s[0] & 0x1fu;
    } else if (s[0] >= 0xe0 && s[0] < 0xf0) {
        length = 3;
        least = 0x800;
        *code = s[0] & 0x0fu;
    } else if (s[0] >= 0xf0 && s[0] < 0xf5) {
        length = 4;
        least = 0x10000;
        *code = s[0] & 0x07u;
    } else {
        return 0;
    }
    if (length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0u) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3fu);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < least || *code > 0x10ffff || surrogate ? 0 : length;
}

bool utf8_is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] >= 0x80)
            return false;
    return true;
}

bool utf8_is_valid(struct slice s)
{
    uint32_t code;
    for (size_t i = 0, length; i < s.size; i += length) {
        length = utf8_at(s.data + i, s.size - i, &code);
        if (length == 0)
            return false;
    }
    return true;
}
