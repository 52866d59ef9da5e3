/* Secrets that are no longer needed. */
#ifndef SALLYPORT_WIPE_H
#define SALLYPORT_WIPE_H

#include <stddef.h>

/* Overwrites with zeros, which the compiler must not optimise away. */
static inline void wipe(void *data, size_t size)
{
    volatile unsigned char *bytes = data;
    while (size--)
        *bytes++ = 0;
}

#endif
