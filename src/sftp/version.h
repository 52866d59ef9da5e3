/* The protocol version, and version-select: draft-13 section 5.5. */
#ifndef SALLY_SFTP_VERSION_H
#define SALLY_SFTP_VERSION_H

#include "sftp/engine.h"

/* Puts a version into effect. */
void version_use(struct sftp *s, uint32_t version);
bool version_may_select(const struct sftp *s); /* whether version-select is offered */
void version_log(const struct sftp *s);

#endif
