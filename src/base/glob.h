/* Patterns for names: * ? [a-z] [!a-z], and a backslash before what is meant literally. The work is
 * bounded by the product of both lengths. */
#ifndef SALLY_BASE_GLOB_H
#define SALLY_BASE_GLOB_H

#include "base/buf.h"
#include "base/cursor.h"

/* Whether it is a pattern, not a plain name. */
bool glob_is_pattern(struct slice pattern);
/* As in a shell, a name that begins with a dot is matched only by a pattern that does. */
bool glob_matches(struct slice pattern, struct slice name);
/* A leading dot is not special. */
bool glob_matches_any(struct slice pattern, struct slice name);
/* The pattern's text without the backslashes. */
void glob_put_literal(struct buf *out, struct slice pattern);

#endif
