/* Lists of addresses as in from="...": patterns with * and ?, and networks, with a leading ! to
 * exclude. */
#ifndef SALLY_AUTH_ADDRESS_PATTERN_H
#define SALLY_AUTH_ADDRESS_PATTERN_H

#include <stdbool.h>

#include "base/cursor.h"

/* Whether an entry of `list` (comma-separated) matches `address` (numeric) and none that begins
 * with '!' does. A list with an invalid network matches nothing. Host names are not looked up, so
 * only addresses can match. */
bool address_list_fits(struct slice list, const char *address);

#endif
