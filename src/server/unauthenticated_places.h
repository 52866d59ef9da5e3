/* Places for connections that have not logged in, and who gets one during early drop, that is, once
 * `limits.unauthenticated_start` percent of them are taken:
 *
 * - Some places are reserved for addresses that users have logged in from before.
 * - No address may hold more places than are free, and no network more than its weight times that
 * (networks.h): one sender alone gets half of them, two get a third each, and there is always one
 * for an address that has none yet.
 * - Random early drop limits what many addresses can do together. The chance of being dropped is
 *   smaller for addresses and networks that hold less than the average: treating newcomers like an
 *   address that holds a thousand places would help the attacker. */
#ifndef SALLY_SERVER_UNAUTHENTICATED_PLACES_H
#define SALLY_SERVER_UNAUTHENTICATED_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "server/usage.h"
#include "settings/settings.h"

/* Guarded by the lock of the addresses' table, like the count of each. */
struct unauthenticated_places {
    uint64_t open, reserved;      /* places taken outside the reserve and in it */
    uint64_t addresses, networks; /* that hold any; networks: the widest ones around addresses */
};

/* Takes a place for a connection from `address` (NULL: unknown, limits per address do not apply).
 * Returns NULL, or the setting that refuses it. */
const char *unauthenticated_places_enter(struct unauthenticated_places *s,
                                         struct usage_table *addresses,
                                         const struct limits_settings *limits,
                                         struct address_usage *address, bool is_known,
                                         const struct random_source *random);
void unauthenticated_places_leave(struct unauthenticated_places *s, struct usage_table *addresses,
                                  struct address_usage *address);

#endif
