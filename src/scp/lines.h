/* The lines of the protocol: C, D and T. */
#ifndef SALLY_SCP_LINES_H
#define SALLY_SCP_LINES_H

#include "base/buf.h"
#include "base/cursor.h"

/* C0644 1234 name, D0755 0 name */
struct scp_head {
    uint32_t mode; /* 07777 */
    uint64_t size;
    struct slice name; /* of the line */
};

/* T<mtime> <microseconds> <atime> <microseconds> */
struct scp_times {
    uint64_t mtime, atime;
    uint32_t mtime_us, atime_us;
};

/* The line without its first letter and its end. NULL, or what is wrong (static). */
const char *scp_parse_head(struct slice line, struct scp_head *out);
const char *scp_parse_times(struct slice line, struct scp_times *out);

/* Appends a name to a line: a line feed becomes "\^J", as with OpenSSH. */
void scp_put_name(struct buf *out, struct slice name);
/* For messages: cleans the text, see clean.h. */
void scp_put_readable(struct buf *out, struct slice text);

#endif
