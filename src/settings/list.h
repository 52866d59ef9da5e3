/* Lists, as OpenSSH's: names with commas; "+" in front of one appends it and those behind it to the
 * list of the layer below, "-" takes them from it (they may be patterns), "^" puts them in front.
 */
#ifndef SALLY_SETTINGS_LIST_H
#define SALLY_SETTINGS_LIST_H

#include "sallyport/error.h"
#include "settings/table.h"

/* Whether the names of `value` are known and its marks make sense. What a change leaves depends on
 * the layers below, and is judged when it is resolved. SALLY_E_PARSE, SALLY_E_RANGE,
 * SALLY_E_NO_MEMORY; `why` gets a sentence then. */
sally_error setting_check_list(const struct setting_row *row, const char *value,
                               char why[SETTINGS_WHY_SIZE]);

/* What `value` comes to on top of `below`; *out is a heap copy. Errors as above; SALLY_E_RANGE also
 * when nothing is left of a list that must not be empty. */
sally_error setting_resolve_list(const struct setting_row *row, const char *below,
                                 const char *value, char **out, char why[SETTINGS_WHY_SIZE]);

#endif
