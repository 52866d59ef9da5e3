/* Secrets that are no longer needed. */
#ifndef SALLYPORT_WIPE_H
#define SALLYPORT_WIPE_H

#include <stddef.h>

/* Zeroes that the compiler may not leave out. */
static inline void wipe(void *data, size_t size)
{
    volatile unsigned char *bytes = data;
    while (size--)
        *bytes++ = 0;
}

#endif
