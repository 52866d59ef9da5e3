/* From a packet to what handles it. */
#ifndef SALLY_SFTP_REQUESTS_H
#define SALLY_SFTP_REQUESTS_H

#include "base/cursor.h"
#include "sftp/engine.h"

/* A whole packet without its length field, which is not INIT. */
void requests_dispatch(struct sftp *s, struct slice packet);

#endif
