/* Lists of addresses as from="..." has them: patterns with * and ?, networks, each with ! in front
 * to exclude. */
#ifndef SALLY_AUTH_ADDRESS_PATTERN_H
#define SALLY_AUTH_ADDRESS_PATTERN_H

#include <stdbool.h>

#include "base/cursor.h"

/* Whether an entry of `list` (with commas) fits `address` (numeric) and none that begins with '!'
 * does. A list with a broken network fits nothing. Names of hosts are never asked for, so that only
 * addresses can fit. */
bool address_list_fits(struct slice list, const char *address);

#endif
