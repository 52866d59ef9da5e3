/* From a packet to its handler. */
#ifndef SALLY_SFTP_DISPATCH_H
#define SALLY_SFTP_DISPATCH_H

#include "base/cursor.h"
#include "sftp/engine.h"

/* A whole packet other than INIT, without its length field. */
void request_dispatch(struct sftp *s, struct slice packet, size_t credit);

#endif
