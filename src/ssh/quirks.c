#include "ssh/quirks.h"

#include <string.h>

#include "base/mem.h"

/* Each row applies to software whose name begins like this; the first match counts. */
static const struct {
    const char *prefix;
    uint32_t quirks;
} rows[] = {
    {"AsyncSSH_2.10.", SSH_QUIRK_TALKS_IN_KEX}, /* Debian 12 has 2.10.1 */
    /* Tera Term: its SSH module before 2.73. */
    {"TTSSH/1.", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.1", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.2", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.3", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.4", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.5", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.6", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.70", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.71", SSH_QUIRK_NO_HOSTKEYS},
    {"TTSSH/2.72", SSH_QUIRK_NO_HOSTKEYS},
};

uint32_t ssh_quirks_of(const char *software)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strncmp(software, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].quirks;
    }
    return 0;
}
