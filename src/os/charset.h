/* Charsets as the system knows them. */
#ifndef SALLY_OS_CHARSET_H
#define SALLY_OS_CHARSET_H

#include "base/charset.h"

/* NULL and errno: EINVAL for a name that is none, or a charset that is not what base/charset.h
 * says; ENOMEM and others. */
struct charset *os_charset_open(const char *name);
void os_charset_close(struct charset *c); /* NULL is allowed */

/* Whether it is a name of UTF-8. */
bool os_charset_is_utf8(const char *name);

#endif
