/* A slash at the end of a path means a directory, as in POSIX: a link there is followed, and
 * anything but a directory is an error. Internally, paths are canonical and have no such slash, so
 * what they lead to is checked before the request is carried out. */
#ifndef SALLY_SFTP_TRAILING_SLASH_H
#define SALLY_SFTP_TRAILING_SLASH_H

#include "sftp/request.h"

bool trailing_slash_ends(struct slice path);
/* Before an operation with such a path is submitted; as request.before_submit. */
bool trailing_slash_look_first(struct sftp *s, struct op *op);

#endif
