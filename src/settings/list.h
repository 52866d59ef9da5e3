/* Lists, as OpenSSH's: names with commas; "+" in front of one appends it and those behind it to the
 * default, "-" takes them from it (they may be patterns), "^" puts them in front. */
#ifndef SALLY_SETTINGS_LIST_H
#define SALLY_SETTINGS_LIST_H

#include "settings/settings.h"
#include "settings/table.h"

/* Resolves `value` against the row's default; *out is a heap copy. Errors and `why` are those of
 * settings_set(). */
sally_error setting_resolve_list(const struct setting_row *row, const char *value, char **out,
                                 char why[SETTINGS_WHY_SIZE]);

#endif
