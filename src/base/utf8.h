/* UTF-8 (RFC 3629): only the shortest forms, no surrogates, nothing past U+10FFFF. */
#ifndef SALLY_BASE_UTF8_H
#define SALLY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

/* The bytes of the well-formed sequence at the start of these `size` bytes, and its code point; 0
 * when there is none. */
size_t utf8_at(const uint8_t *s, size_t size, uint32_t *code);

bool utf8_is_valid(struct slice s);
/* Bytes 0x00 to 0x7f alone. */
bool utf8_is_ascii(struct slice s);

#endif
