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
    /* Of the clients that come through OpenSSH's ssh program, lftp speaks versions 4 to 6. */
    {"OpenSSH_", QUIRK_FEW_ATTRS},
};

uint32_t quirks_of(const char *software)
{
    if (!*software) /* somebody else's transport, most likely OpenSSH's sshd */
        return QUIRK_FEW_ATTRS;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strncmp(software, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].quirks;
    }
    return 0;
}
