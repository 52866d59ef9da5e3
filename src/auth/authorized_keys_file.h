/* Files of authorized keys. */
#ifndef SALLY_AUTH_AUTHORIZED_KEYS_FILE_H
#define SALLY_AUTH_AUTHORIZED_KEYS_FILE_H

#include "base/buf.h"

/* The longest file, and the longest text of inline keys. */
#define AUTHORIZED_KEYS_MAX_BYTES (1024 * 1024)

/* Appends what the file holds. False when it may not be trusted or cannot be read; *reason says
 * why. */
bool authorized_keys_file_read(const char *path, struct buf *out, const char **reason);

#endif
