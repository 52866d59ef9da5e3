/* Peculiarities of peers, by the software name in their identification line. */
#ifndef SALLY_SSH_QUIRKS_H
#define SALLY_SSH_QUIRKS_H

#include <stdint.h>

/* Sends channel messages after its KEXINIT, in violation of RFC 4253 section 7.1. */
#define SSH_QUIRK_TALKS_IN_KEX 0x1u

/* Ends the connection when host keys are announced (draft-ietf-sshm-hostkey-update). */
#define SSH_QUIRK_NO_HOSTKEYS 0x2u

/* SSH_QUIRK_ bits; 0 for software that is not in the table. */
uint32_t ssh_quirks_of(const char *software);

#endif
