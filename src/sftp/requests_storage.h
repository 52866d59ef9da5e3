/* Extensions that only the storage knows. */
#ifndef SALLY_SFTP_REQUESTS_STORAGE_H
#define SALLY_SFTP_REQUESTS_STORAGE_H

#include "sftp/request.h"

sally_status storage_extended(struct sftp *s, struct request_in *in, struct slice name);
/* How many requests that may be made there are behind a pair that the storage announces; their
 * names to `out`, unless it is NULL. */
uint32_t storage_put_names(const struct sftp *s, const char *pair, struct buf *out);

#endif
