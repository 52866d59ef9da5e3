/* Lists of names separated by commas: SSH's name-lists (RFC 4251 section 5), and the lists in
 * settings. */
#ifndef SALLY_BASE_NAMES_H
#define SALLY_BASE_NAMES_H

#include <stdbool.h>

#include "base/cursor.h"

/* Moves the first name of the list to `name`; between two commas, that is an empty name. False at
 * the end; no name follows a trailing comma. */
bool names_next(struct slice *list, struct slice *name);
bool names_have(struct slice list, struct slice name);

#endif
