#include "sftp/quirks.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

/* Each row applies to software whose name begins so; the first one that fits counts. */
static const struct {
    const char *prefix;
    uint32_t quirks;
} rows[] = {
    /* Sends OpenSSH's order only to servers that are called OpenSSH or paramiko. */
    {"AsyncSSH_", QUIRK_DRAFT_SYMLINK},
};

uint32_t quirks_of(const char *software)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strncmp(software, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].quirks;
    }
    return 0;
}
