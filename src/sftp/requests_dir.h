/* READDIRs that are performed before the client asks for them. */
#ifndef SALLY_SFTP_REQUESTS_DIR_H
#define SALLY_SFTP_REQUESTS_DIR_H

#include "sftp/engine.h"

/* What was read ahead from this directory (NULL: from any) will not be requested. */
void read_ahead_drop(struct sftp *s, const sally_file *file);

#endif
