/* What may be set of the SFTP engine. It stands alone, so that the table of settings needs to know
 * no more of the engine than this. */
#ifndef SALLY_SFTP_SETTINGS_H
#define SALLY_SFTP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/* The names that the lists of allowed and denied requests know; NULL past the last one. */
const char *sftp_request_name_at(size_t index);
/* Whether lists know this name, or know it by another: extensions are also called as on the wire.
 */
bool sftp_request_is_known(const char *name);

#endif
