/* Text mode: draft-13 section 8.1.1.3. */
#ifndef SALLY_SFTP_TEXT_H
#define SALLY_SFTP_TEXT_H

#include "sftp/request.h"

/* READs and WRITEs of a file in text mode start where the last one ended, whatever their offset:
 * this sets the offset. For other files it does nothing. */
void text_aim(struct sftp *s, struct op *op, sally_file *file);

#endif
