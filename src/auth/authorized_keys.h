/* Lines of OpenSSH's authorized_keys files: options, key type, key, comment (sshd(8),
 * AUTHORIZED_KEYS FILE FORMAT). */
#ifndef SALLY_AUTH_AUTHORIZED_KEYS_H
#define SALLY_AUTH_AUTHORIZED_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

struct authorized_key_query {
    struct slice blob;   /* the key to find */
    const char *address; /* the client's, numeric: for from= */
    int64_t now;         /* seconds since 1970: for expiry-time= */
};

enum authorized_key_answer {
    AUTHORIZED_KEY_NO, /* not there */
    AUTHORIZED_KEY_YES,
    AUTHORIZED_KEY_REFUSED /* there, but its options forbid it now, or ask for what this server does
                              not do; *reason says so */
};

/* Looks through all lines; a line that cannot be understood is passed over. Options that restrict
 * what this server has not (no-pty, no-port-forwarding, restrict, ...) are fine;
 * command="internal-sftp" (and a path that ends in sftp-server) is fine, any other command, and
 * options that are not known, refuse: a key is never worth more than its owner meant. */
enum authorized_key_answer authorized_keys_find(struct slice lines,
                                                const struct authorized_key_query *query,
                                                const char **reason);

#endif
