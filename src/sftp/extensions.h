/* EXTENDED requests as VERSION announces them. */
#ifndef SALLY_SFTP_EXTENSIONS_H
#define SALLY_SFTP_EXTENSIONS_H

#include "sftp/engine.h"

/* Appends the names and versions of usable extensions to a VERSION reply, given what the storage
 * said at the session's start. */
void extensions_announce(const struct sftp *s, const sally_op_session *start, struct buf *out);
/* Appends the names alone of extended requests, unless `out` is NULL; returns how many there are.
 */
uint32_t extensions_put_names(const struct sftp *s, const sally_op_session *start, struct buf *out);

#endif
