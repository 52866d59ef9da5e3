/* Cleans texts that are shown to people, such as messages to clients. They may come from programs
 * or from other users, and must not be able to control a terminal. */
#ifndef SALLY_BASE_CLEAN_H
#define SALLY_BASE_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

enum clean_kind {
    CLEAN_LINE, /* one line: no control character at all */
    CLEAN_LINES /* several: LF, CR LF and TAB stay */
};

/* Whether a character can control a terminal or is invisible: control characters, line and
 * paragraph separators, bidirectional formatting, zero-width characters. */
bool clean_is_unsafe(uint32_t code);

/* The next character of a text that is not at its end, or a question mark instead of an unsafe
 * character or an invalid UTF-8 byte. */
struct slice clean_next(struct cursor *text, enum clean_kind kind);

/* Appends a whole text, without a length. */
void clean_put(struct buf *b, struct slice text, enum clean_kind kind);
/* The same as a string: uint32 length, bytes. */
void clean_put_string(struct buf *b, struct slice text, enum clean_kind kind);
/* Copies as one line as many whole characters as fit into `size` bytes with a NUL; returns the
 * length. */
size_t clean_copy(char *out, size_t size, struct slice text);

#endif
