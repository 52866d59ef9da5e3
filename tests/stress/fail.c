#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress.h"

_Noreturn void stress_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("\nFAILED: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}
