/* command= in authorized_keys, as far as this server supports it: SFTP only, with the supported
 * options of OpenSSH's sftp-server(8). */
#ifndef SALLY_AUTH_FORCED_COMMAND_H
#define SALLY_AUTH_FORCED_COMMAND_H

#include <stdbool.h>

#include "base/cursor.h"

/* Parts of the command's text; data is NULL for those that it does not contain. */
struct forced_command {
    struct slice start;       /* -d: the directory to start in */
    struct slice allow, deny; /* -p, -P: comma-separated names of requests */
    bool read_only;           /* -R */
};

/* False: not SFTP, or an unsupported option. */
bool forced_command_parse(struct slice text, struct forced_command *out);

#endif
