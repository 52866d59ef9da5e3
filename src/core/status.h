/* The representation of a status in each protocol. */
#ifndef SALLY_CORE_STATUS_H
#define SALLY_CORE_STATUS_H

#include "sallyport/status.h"

/* What sally_fs_ask() returns: the storage that is asked has not been called yet. Never an answer.
 */
#define STATUS_ASKS (-4)

/* The code for an SFTP version, 3 to 6: a code that the version does not know becomes the version 3
 * equivalent. */
uint32_t status_sftp_code(sally_status status, uint32_t version);
/* The default FTP reply. */
uint32_t status_ftp_reply(sally_status status);
/* Any invalid answer (a negative value, a number above 31) becomes SALLY_FAILURE. */
sally_status status_clean(sally_status status);

#endif
