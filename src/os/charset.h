/* Charsets as the system knows them. */
#ifndef SALLY_OS_CHARSET_H
#define SALLY_OS_CHARSET_H

#include "base/charset.h"

/* NULL: see errno. EINVAL: an invalid name, or a charset that base/charset.h excludes; ENOMEM and
 * others. */
struct charset *os_charset_open(const char *name);
void os_charset_close(struct charset *c); /* NULL is allowed */

/* Whether it is a name of UTF-8. */
bool os_charset_is_utf8(const char *name);

#endif
