/* Paths are made canonical once, at the protocol's edge: absolute, single slashes, no "." or "..",
 * no NUL, no trailing slash except in "/". Permissions, hooks and storages all see the same text.
 * Bytes, not characters. */
#ifndef SALLY_CORE_PATH_H
#define SALLY_CORE_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "sallyport/status.h"

/* The longest canonical path; longer ones are SALLY_INVALID_FILENAME. */
#define PATH_MAX_BYTES 16384

/* Puts the canonical form of `raw`, taken relative to `base` (itself canonical) when it does not
 * begin with a slash, and a NUL, at the end of `out`. An empty `raw` means `base`. ".." stops at
 * "/". A NUL inside, or a path too long: SALLY_INVALID_FILENAME; no memory: SALLY_FAILURE. */
sally_status path_normalise(struct buf *out, const char *base, struct slice raw);

/* The most bytes that path_normalise() appends. */
size_t path_room(const char *base, struct slice raw);

/* The part after the last slash ("" for "/"). Both arguments are canonical. */
const char *path_last(const char *path);
/* Whether a name is "." or "..", which storages do not list. */
bool path_is_dots(const char *name);
/* Whether `path` is `root` or below it, compared by components: "/rootx" is not below "/root". */
bool path_is_below(const char *path, const char *root);

#endif
