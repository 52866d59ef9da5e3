/* The places for connections that have not logged in: who gets one while they are scarce, that is
 * once `limits.unauthenticated_start` percent of them are taken.
 *
 * - A reserve is only for addresses that somebody has logged in from before.
 * - No address may hold more places than are left, and no network more than its weight times that
 *   (networks.h): one sender alone gets half of them, two get a third each, and there is always
 *   one for who has none yet.
 * - Random early drop evens out what a crowd of addresses can do. Its chance shrinks for who holds
 *   less than the average address and network: to drop newcomers by the same chance as who holds a
 *   thousand would do the attacker's work. */
#ifndef SALLY_SERVER_STRANGERS_H
#define SALLY_SERVER_STRANGERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "server/live.h"
#include "settings/settings.h"

/* Guarded by the lock of the live addresses, as are the counts of each. */
struct strangers {
    uint64_t open, reserved;      /* places that are taken, outside of the reserve and in it */
    uint64_t addresses, networks; /* that hold any; networks: the widest ones around addresses */
};

/* Takes a place for a connection from `address` (NULL: unknown, no share of it is limited). NULL:
 * it has one; otherwise the setting that refuses it. */
const char *strangers_enter(struct strangers *s, struct live_table *addresses,
                            const struct limits_settings *limits, struct live_address *address,
                            bool is_known, const struct random_source *random);
void strangers_leave(struct strangers *s, struct live_table *addresses,
                     struct live_address *address);

#endif
