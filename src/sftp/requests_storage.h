/* Extensions that only the storage knows. */
#ifndef SALLY_SFTP_REQUESTS_STORAGE_H
#define SALLY_SFTP_REQUESTS_STORAGE_H

#include "sftp/request.h"

sally_status storage_extended(struct sftp *s, struct request_in *in, struct slice name);
/* The number of permitted requests that a pair announced by the storage stands for; appends their
 * names to `out` unless that is NULL. */
uint32_t storage_put_names(const struct sftp *s, const char *pair, struct buf *out);

#endif
