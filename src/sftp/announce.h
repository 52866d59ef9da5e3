/* What a VERSION reply contains besides the version. */
#ifndef SALLY_SFTP_ANNOUNCE_H
#define SALLY_SFTP_ANNOUNCE_H

#include "sftp/engine.h"

void announce(const struct sftp *s, const sally_op_session *start, struct buf *out);
uint32_t announce_settable(const struct sftp *s); /* assumed of a storage at first */

#endif
