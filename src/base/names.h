/* Lists of names with commas: SSH's name-lists (RFC 4251 section 5), and the lists in settings. */
#ifndef SALLY_BASE_NAMES_H
#define SALLY_BASE_NAMES_H

#include <stdbool.h>

#include "base/cursor.h"

/* Moves the first name of the list to `name`, an empty one between two commas too. False at the
 * end; a comma at the very end is followed by no name. */
bool names_next(struct slice *list, struct slice *name);
bool names_have(struct slice list, struct slice name);

#endif
