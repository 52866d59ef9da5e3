/* A line as `ls -l` prints it, for SFTP version 3's longname and FTP's LIST. Times are UTC. */
#ifndef SALLY_CORE_LONGNAME_H
#define SALLY_CORE_LONGNAME_H

#include "base/buf.h"
#include "sallyport/attrs.h"

/* Appends the line without a line end. now: seconds since 1970, which decides between a time of day
 * and a year. */
void longname_put(struct buf *out, const char *name, const sally_attrs *attrs, int64_t now);
/* Appends a line from a storage. */
void longname_put_given(struct buf *out, const char *line);

#endif
