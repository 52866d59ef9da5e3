/* Numeric values of settings as text. */
#ifndef SALLY_SETTINGS_VALUE_H
#define SALLY_SETTINGS_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "settings/table.h"

/* `type`: a SALLY_SETTING_ value. SALLY_E_PARSE; SALLY_E_RANGE: does not fit into 64 bits. */
sally_error setting_parse_number(uint32_t type, const char *text, uint64_t *value);
void setting_print_number(uint32_t type, uint64_t value, char *out, size_t size);

/* The same for a value of this row, which must be in its range; if not, `why` explains it in a
 * sentence. */
sally_error setting_parse_value(const struct setting_row *row, const char *text, uint64_t *value,
                                char why[SETTINGS_WHY_SIZE]);

#endif
