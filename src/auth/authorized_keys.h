/* Lines of OpenSSH's authorized_keys files: options, key type, key, comment (sshd(8),
 * AUTHORIZED_KEYS FILE FORMAT). They are read once and then searched by the key's digest, in a time
 * that does not depend on how many there are. */
#ifndef SALLY_AUTH_AUTHORIZED_KEYS_H
#define SALLY_AUTH_AUTHORIZED_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "crypto/crypto.h"

struct authorized_keys; /* immutable */

/* Invalid lines are ignored. NULL: no memory. */
struct authorized_keys *authorized_keys_parse(struct crypto *c, struct slice lines);
struct authorized_keys *authorized_keys_ref(struct authorized_keys *keys);
void authorized_keys_unref(struct authorized_keys *keys);

struct authorized_key_query {
    struct slice blob;   /* the key to find */
    const char *address; /* the client's, numeric: for from= */
    int64_t now;         /* seconds since 1970: for expiry-time= */
};

enum authorized_key_answer {
    AUTHORIZED_KEY_NO, /* not there */
    AUTHORIZED_KEY_YES,
    AUTHORIZED_KEY_REFUSED /* found, but its options forbid it now, or require something
                            * unsupported; see `reason` */
};

struct authorized_key_match {
    const char *reason; /* static; NULL: none */
    /* YES: the value of command=, which forced_command_parse() accepts. To be freed. NULL: there is
     * no such option. */
    char *command;
};

/* Checks all lines with this key. Options that restrict what this server does not offer (no-pty,
 * no-port-forwarding, restrict, ...) are ignored; a command= that means SFTP restricts the login to
 * SFTP; any other command, and unknown options, refuse it, so that a key never allows more than its
 * owner intended. */
enum authorized_key_answer authorized_keys_find(const struct authorized_keys *keys,
                                                const struct authorized_key_query *query,
                                                struct authorized_key_match *match);

#endif
