/* command= of authorized_keys, as far as this server carries it out: SFTP and nothing else, with
 * the options of OpenSSH's sftp-server(8) that can be kept. */
#ifndef SALLY_AUTH_FORCED_COMMAND_H
#define SALLY_AUTH_FORCED_COMMAND_H

#include <stdbool.h>

#include "base/cursor.h"

/* Parts of the command's text; data is NULL for what it does not say. */
struct forced_command {
    struct slice start;       /* -d: the directory to start in */
    struct slice allow, deny; /* -p, -P: names of requests, with commas */
    bool read_only;           /* -R */
};

/* False: something else than SFTP, or an option that would not be kept. */
bool forced_command_parse(struct slice text, struct forced_command *out);

#endif
