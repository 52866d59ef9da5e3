/* What may be set of the SSH engine. It stands alone, so that the table of settings needs to know
 * no more of the engine than this. */
#ifndef SALLY_SSH_SETTINGS_H
#define SALLY_SSH_SETTINGS_H

#include <stddef.h>

/* The methods of compression that there are, the default ones first; NULL past the last one. */
const char *ssh_compression_at(size_t index);

#endif
