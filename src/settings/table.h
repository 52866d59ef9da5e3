/* The one table of settings: what is documented of each, and where its value is kept. */
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
    const char *(*name_at)(size_t index); /* LIST: what may be named; NULL past the last one */
    /* TEXT: whether this is one; NULL: any is. LIST: whether this may be named, too; NULL: no. */
    bool (*is_valid)(const char *value);
    bool empty_is_all; /* LIST: empty stands for every name: taking names away must leave one */
};

const struct setting_row *setting_row_at(size_t index);
const struct setting_row *setting_row_find(const char *name);

/* Room for the sentence that says why a setting was refused: all names of the longest list fit. */
#define SETTINGS_WHY_SIZE 2048

#endif
