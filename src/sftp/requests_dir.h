/* READDIRs that are done before the client asks for them. */
#ifndef SALLY_SFTP_REQUESTS_DIR_H
#define SALLY_SFTP_REQUESTS_DIR_H

#include "sftp/engine.h"

/* Nobody will ask for what is read ahead of this directory, or, with NULL, of any. */
void read_ahead_drop(struct sftp *s, const sally_file *file);

#endif
