/* When a rekey starts, that is, a key exchange after the first one: after a time, after an
 * amount of data or a number of packets under the same keys (RFC 4253 section 9, RFC 4344), or when
 * the owner asks. From there on, it is a key exchange like the first (kexinit.h). */
#ifndef SALLY_SSH_REKEY_H
#define SALLY_SSH_REKEY_H

#include "ssh/engine.h"

/* When the keys are too old; UINT64_MAX: never. */
uint64_t rekey_deadline(const struct ssh *ssh);
void rekey_start_if_due(struct ssh *ssh);

#endif
