/* What a program has to say on standard error, but for its log. */
#ifndef COMMON_SAY_H
#define COMMON_SAY_H

#include <stdarg.h>

/* One line: `prefix` and the rest. Names in it may be anybody's: what could control a terminal is
 * escaped. A terminal or pipe that nobody reads does not hold the program up. */
void say(const char *prefix, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
