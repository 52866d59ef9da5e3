/* Limits that connections share: how many there may be in total, from one address, and before
 * login; and what is remembered about addresses. (For the limits of one user, see usage.h.) Any
 * thread. */
#ifndef SALLY_SERVER_LIMITS_H
#define SALLY_SERVER_LIMITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "server/known_addresses.h"
#include "server/penalties.h"
#include "server/unauthenticated_places.h"
#include "server/usage.h"
#include "settings/settings.h"

struct limits {
    struct usage_table addresses, users;
    _Atomic uint64_t connections, proxy_headers;
    struct account memory, files; /* in all */
    uint64_t available_memory;    /* the machine's, or the part that this process may use */
    struct unauthenticated_places unauthenticated;
    struct known_addresses known;
    struct penalties penalties;
    struct random_source random; /* for early drop */
};

/* False: there is no randomness, and nothing to clear. `random` outlives it. */
bool limits_init(struct limits *limits, const struct random_source *random);
/* Sets the total limits from these settings; `descriptors` is the process's limit. */
void limits_set(struct limits *limits, const struct settings *settings, uint64_t descriptors);
void limits_clear(struct limits *limits);

/* Counts a new connection that has not logged in yet, from `ip` (no IP address: limits of addresses
 * do not apply). NULL: it is admitted, and *address is held for it (NULL: no IP address); otherwise
 * the setting that refuses it. Penalties are not checked. */
const char *limits_admit(struct limits *limits, const struct settings *settings,
                         const struct ip_address *ip, uint64_t now_ns,
                         struct address_usage **address);
/* It has logged in, or is gone before that. */
void limits_logged_in(struct limits *limits, struct address_usage *address);
/* It has ended; releases `address`. */
void limits_release(struct limits *limits, struct address_usage *address);

/* Counts an accepted socket whose PROXY header is awaited, from the proxy's own `ip`: as one of
 * limits.connections, and apart from those that have not logged in, but with the same limits. Early
 * drop does not apply, since the client is not known yet. Returns as above. */
const char *limits_await_header(struct limits *limits, const struct settings *settings,
                                const struct ip_address *ip, struct address_usage **address);
/* It is no longer awaited; releases `address`. */
void limits_have_header(struct limits *limits, struct address_usage *address);

#endif
