/* Differences between clients, by the software name in their SSH identification line. */
#ifndef SALLY_SFTP_QUIRKS_H
#define SALLY_SFTP_QUIRKS_H

#include <stdint.h>

/* SYMLINK's arguments come as in drafts -02 to -05 (link, target), not as in OpenSSH (target,
 * link). */
#define QUIRK_DRAFT_SYMLINK 0x1u

/* Cannot parse allocation sizes and ACLs: they are only sent on request. */
#define QUIRK_FEW_ATTRS 0x2u

/* SYMLINK's arguments come in the order of the program that uses the library: the file system may
 * show which order is meant. */
#define QUIRK_EITHER_SYMLINK 0x4u

/* LINK's arguments in version 6 come in SYMLINK's order of OpenSSH (target, link). */
#define QUIRK_REVERSED_LINK 0x8u

/* Cannot parse attribute bits in version 5: they are only sent on request. */
#define QUIRK_NO_BITS_IN_5 0x10u

/* QUIRK_ bits, also for software that is not in the table. */
uint32_t quirks_of(const char *software);

#endif
