/* Guesses what somebody meant who made a typing mistake. */
#ifndef SALLYPORT_NEAREST_H
#define SALLYPORT_NEAREST_H

#include <stddef.h>

/* The name that is nearest to `given`; NULL when none is near. `name_at` gives NULL past the last
 * name. */
const char *nearest_name(const char *given, const char *(*name_at)(size_t index));

#endif
