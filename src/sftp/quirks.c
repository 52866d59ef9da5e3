#include "sftp/quirks.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

/* Each row applies to software whose name begins like this; the first match counts. The sources for
 * the order of SYMLINK's arguments are in docs/protocol.md. */
/* clang-format off */
static const struct {
    const char *prefix;
    uint32_t quirks;
} rows[] = {
    /* lftp, which speaks versions 4 to 6, sshfs and Net::SFTP::Foreign come through its ssh. */
    {"OpenSSH_",        QUIRK_FEW_ATTRS},
    /* These check the server's identification, and use OpenSSH's order only with OpenSSH (AsyncSSH:
     * also paramiko; ssh2js: also dropbear). */
    {"AsyncSSH_",       QUIRK_DRAFT_SYMLINK},
    {"libssh_",         QUIRK_DRAFT_SYMLINK},
    {"libssh-",         QUIRK_DRAFT_SYMLINK},
    {"phpseclib_",      QUIRK_DRAFT_SYMLINK},
    {"ssh2js",          QUIRK_DRAFT_SYMLINK},
    {"WinSCP_",         QUIRK_DRAFT_SYMLINK},
    /* These always use OpenSSH's order. */
    {"Cyberduck/",      0},
    {"Go",              0},
    {"JSCH",            0},
    {"libssh2_",        0},
    {"Mountain Duck/",  0},
    {"paramiko_",       0},
    {"rclone/",         0},
    {"TrileadSSH2Java", 0},
    /* So does MINA, and in version 6 too. */
    {"APACHE-SSHD-",    QUIRK_REVERSED_LINK},
    {"SSHD-CORE-",      QUIRK_REVERSED_LINK},
    /* These pass on the caller's order; their parameter names mean the drafts' order, or their
     * examples OpenSSH's. */
    {"russh",           QUIRK_EITHER_SYMLINK},
    {"Ruby/Net::SSH_",  QUIRK_EITHER_SYMLINK | QUIRK_NO_BITS_IN_5}, /* net-sftp */
    {"SSHJ_",           QUIRK_EITHER_SYMLINK},
    /* These cannot create links. */
    {"FileZilla_",      0},
    {"PuTTY_",          0},
};
/* clang-format on */

uint32_t quirks_of(const char *software)
{
    if (!*software) /* a foreign transport, most likely OpenSSH's sshd */
        return QUIRK_FEW_ATTRS;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strncmp(software, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].quirks;
    }
    return QUIRK_EITHER_SYMLINK;
}
