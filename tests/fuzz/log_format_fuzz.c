/* A line of the log with any texts, which NULs separate: a message and fields. Whatever they are,
 * the line can be read back, as text and as JSON. */
#include <string.h>

#include "base/log_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS 4

/* The next text, cut to what the oracle takes. */
static void next_text(const uint8_t **data, size_t *size, char out[LOG_ORACLE_TEXT])
{
    size_t used = 0;
    while (*size > 0 && **data && used + 1 < LOG_ORACLE_TEXT) {
        out[used++] = (char)*(*data)++;
        --*size;
    }
    if (*size > 0) {
        ++*data;
        --*size;
    }
    out[used] = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[FIELDS] = {"user", "address", "path", "reason"};
    char message[LOG_ORACLE_TEXT], values[FIELDS][LOG_ORACLE_TEXT];
    sally_log_field fields[FIELDS];
    uint32_t count = 0;
    next_text(&data, &size, message);
    while (count < FIELDS && size > 0) {
        next_text(&data, &size, values[count]);
        fields[count] = (sally_log_field){names[count], values[count]};
        count++;
    }
    log_oracle_check("ssh.ended", fields, count, message);
    return 0;
}
