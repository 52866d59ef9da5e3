/* EXTENDED requests as VERSION announces them. */
#ifndef SALLY_SFTP_EXTENSIONS_H
#define SALLY_SFTP_EXTENSIONS_H

#include "sftp/engine.h"

/* Appends the names and versions of what is usable to a VERSION reply, with what the storage said
 * at the session's start. */
void extensions_announce(const struct sftp *s, const sally_op_session *start, struct buf *out);
/* Appends the names that requests may have alone, unless `out` is NULL; how many there are. */
uint32_t extensions_put_names(const struct sftp *s, const sally_op_session *start, struct buf *out);

#endif
