/* What clients do differently, by the software that they name in SSH's version exchange. */
#ifndef SALLY_SFTP_QUIRKS_H
#define SALLY_SFTP_QUIRKS_H

#include <stdint.h>

/* SYMLINK's arguments come as drafts -02 to -05 have them (link, target), not as OpenSSH has them
 * (target, link). */
#define QUIRK_DRAFT_SYMLINK 0x1u

/* Cannot take allocation sizes and ACLs apart: they are sent only to those who ask for them. */
#define QUIRK_FEW_ATTRS 0x2u

/* SYMLINK's arguments come in either order, as the program above the library gives them: the file
 * system may tell which is meant. */
#define QUIRK_EITHER_SYMLINK 0x4u

/* LINK's arguments in version 6 come in SYMLINK's order of OpenSSH (target, link). */
#define QUIRK_REVERSED_LINK 0x8u

/* Cannot take attribute bits apart in version 5: they are sent only to those who ask for them. */
#define QUIRK_NO_BITS_IN_5 0x10u

/* QUIRK_ bits, also for software that is not in the table. */
uint32_t quirks_of(const char *software);

#endif
