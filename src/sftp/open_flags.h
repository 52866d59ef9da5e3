/* The flags of OPEN and BLOCK as versions 5 and 6 send them (draft-13 section 8.1.1.3), and ours.
 * Versions 3 and 4 have the same values as we do. */
#ifndef SALLY_SFTP_OPEN_FLAGS_H
#define SALLY_SFTP_OPEN_FLAGS_H

#include <stdint.h>

#include "sallyport/status.h"

/* Our flags, except reading and writing, which depend on the access mask. SALLY_INVALID_PARAMETER
 * for what no draft defines, SALLY_UNSUPPORTED for what this version does not define, or is not
 * supported. */
sally_status open_flags_of_wire(uint32_t version, uint32_t wire, uint32_t *flags);
/* Takes those out of `flags` that the version can send; what is left cannot be sent. */
uint32_t open_flags_to_wire(uint32_t version, uint32_t *flags);

/* BLOCK: what is left in `wire` is unknown. */
uint32_t block_flags_of_wire(uint32_t *wire);

#endif
