/* Suggestions for mistyped names. */
#ifndef SALLYPORT_NEAREST_H
#define SALLYPORT_NEAREST_H

#include <stddef.h>

/* The name closest to `given`; NULL if none is close. `name_at` returns NULL after the last
 * name. */
const char *nearest_name(const char *given, const char *(*name_at)(size_t index));

#endif
