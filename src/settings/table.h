/* The table of settings: the documentation of each, and where its value is kept. */
#ifndef SALLY_SETTINGS_TABLE_H
#define SALLY_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/settings.h"

/* The type of the member that holds the value. */
enum setting_width { WIDTH_BOOL, WIDTH_U32, WIDTH_U64, WIDTH_TEXT };

struct setting_row {
    sally_setting pub;
    size_t offset; /* in struct settings */
    enum setting_width width;
    /* LIST: the names it may contain; NULL after the last one. */
    const char *(*name_at)(size_t index);
    /* TEXT: whether the value is valid; NULL: any is. LIST: whether this name is allowed, too;
     * NULL: it is not. */
    bool (*is_valid)(const char *value);
    /* LIST: an alias, and in `name` the canonical name, which lists contain instead; NULL after the
     * last one. NULL: there are no aliases. */
    const char *(*alias_at)(size_t index, const char **name);
    bool empty_is_all; /* LIST: empty means all names, so a modified list must not be empty */
    /* LIST: describes what is_valid accepts, if there is no name_at; such a list may be empty.
     * NULL: there is a name_at. */
    const char *names_what;
};

const struct setting_row *setting_row_at(size_t index);
const struct setting_row *setting_row_find(const char *name);

/* Room for the sentence that explains why a setting was refused: enough for all names of the
 * longest list. */
#define SETTINGS_WHY_SIZE 2048

#endif
