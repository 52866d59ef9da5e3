/* Lists, in OpenSSH's notation: names separated by commas; "+" before a name appends it and those
 * after it to the list of the layer below, "-" removes them from it (they may be patterns), "^"
 * puts them in front. */
#ifndef SALLY_SETTINGS_LIST_H
#define SALLY_SETTINGS_LIST_H

#include "sallyport/error.h"
#include "settings/table.h"

/* Whether the names in `value` are known and its "+", "-" and "^" are valid. The resulting list
 * depends on the layers below, and is checked when they are resolved. SALLY_E_PARSE, SALLY_E_RANGE,
 * SALLY_E_NO_MEMORY; `why` then explains it in a sentence. */
sally_error setting_check_list(const struct setting_row *row, const char *value,
                               char why[SETTINGS_WHY_SIZE]);

/* Resolves `value` on top of `below`; *out is a heap copy. Errors as above; also SALLY_E_RANGE if
 * nothing is left of a list that must not be empty. */
sally_error setting_resolve_list(const struct setting_row *row, const char *below,
                                 const char *value, char **out, char why[SETTINGS_WHY_SIZE]);

#endif
