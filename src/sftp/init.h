/* INIT and VERSION: draft-13 section 5. */
#ifndef SALLY_SFTP_INIT_H
#define SALLY_SFTP_INIT_H

#include "base/cursor.h"
#include "sftp/engine.h"

/* The first packet, without its length field. */
void handle_init(struct sftp *s, struct slice packet);

#endif
