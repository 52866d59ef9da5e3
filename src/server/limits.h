/* Limits that connections share: how many there may be in all, from one address, and not logged in.
 * (For those of one user, see live.h.) Any thread. */
#ifndef SALLY_SERVER_LIMITS_H
#define SALLY_SERVER_LIMITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/live.h"
#include "settings/settings.h"

struct limits {
    struct live_table addresses, users;
    _Atomic uint64_t connections, unauthenticated;
};

void limits_init(struct limits *limits);
void limits_clear(struct limits *limits);

/* Counts a new connection that has not logged in yet, from `network` (see address_network(); "":
 * unknown, not limited). NULL: it is admitted, and *address is held for it (NULL for ""); otherwise
 * the setting that refuses it. */
const char *limits_admit(struct limits *limits, const struct settings *settings,
                         const char *network, struct live_address **address);
/* It has logged in, or is gone before that. */
void limits_logged_in(struct limits *limits, struct live_address *address);
/* It is gone; releases `address`. */
void limits_release(struct limits *limits, struct live_address *address);

#endif
