/* Messages of a program on standard error, other than its log. */
#ifndef COMMON_SAY_H
#define COMMON_SAY_H

#include <stdarg.h>

/* Writes one line: `prefix` and the rest. Names in it may be untrusted: terminal control characters
 * are escaped. Never blocks, even if the terminal or pipe is not being read. */
void say(const char *prefix, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
