/* What clients do differently, by the software that they name in SSH's version exchange. */
#ifndef SALLY_SFTP_QUIRKS_H
#define SALLY_SFTP_QUIRKS_H

#include <stdint.h>

/* SYMLINK's arguments come as drafts -02 to -05 have them (link, target), not as OpenSSH has them
 * (target, link). */
#define QUIRK_DRAFT_SYMLINK 0x1u

/* Cannot take allocation sizes and ACLs apart: they are sent only to those who ask for them. */
#define QUIRK_FEW_ATTRS 0x2u

/* QUIRK_ bits; 0 for software that is not in the table. */
uint32_t quirks_of(const char *software);

#endif
