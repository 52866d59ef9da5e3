/* Texts that go to people at the other end, often written by a program or by other users: a
 * terminal must not obey what is in them. */
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

/* Whether this character moves the cursor, starts a line or turns the direction of what follows. */
bool clean_is_treacherous(uint32_t code);

/* The next character of a text that is not at its end: as it is, or a question mark in its place
 * when it is treacherous or no UTF-8. */
struct slice clean_next(struct cursor *text, enum clean_kind kind);

/* All of a text, without a length. */
void clean_put(struct buf *b, struct slice text, enum clean_kind kind);
/* The same as a string: uint32 length, bytes. */
void clean_put_string(struct buf *b, struct slice text, enum clean_kind kind);
/* As many whole characters as fit into `size` bytes with the NUL, as one line; returns the length.
 */
size_t clean_copy(char *out, size_t size, struct slice text);

#endif
