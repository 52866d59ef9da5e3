/* A charset in which texts may be written; see os/charset.h for where they come from. Only charsets
 * in which the bytes 0x01 to 0x7f are ASCII are supported, so that slashes and dots in a path keep
 * their meaning. */
#ifndef SALLY_BASE_CHARSET_H
#define SALLY_BASE_CHARSET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"

enum charset_way { CHARSET_TO_UTF8, CHARSET_FROM_UTF8 };

struct charset {
    /* Appends `in`, converted, to `out`. False: it is malformed or cannot be represented, and `out`
     * is unchanged; or memory is short, or out->max too small: out->failed. Any thread. */
    bool (*convert)(struct charset *c, enum charset_way way, struct slice in, struct buf *out);
};

#endif
