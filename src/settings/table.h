/* The one table of settings: what is documented of each, and where its value is kept. */
#ifndef SALLY_SETTINGS_TABLE_H
#define SALLY_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "sallyport/settings.h"

struct setting_row {
    sally_setting pub;
    size_t offset;                        /* in struct settings: of a uint64_t, or of a char * */
    const char *(*name_at)(size_t index); /* LIST: what may be named; NULL past the last one */
    /* TEXT: whether this is one; NULL: any is. LIST: whether this may be named, too; NULL: no. */
    bool (*is_valid)(const char *value);
};

const struct setting_row *setting_row_at(size_t index);
const struct setting_row *setting_row_find(const char *name);

#endif
