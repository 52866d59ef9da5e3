/* Random early drop, like OpenSSH's MaxStartups start:rate:full: from `start` on, some new
 * connections are refused, and more of them as fewer places remain. An attacker who takes places
 * faster than they become free is then refused most, and others still have a chance. */
#ifndef SALLY_SERVER_UNAUTHENTICATED_EARLY_DROP_H
#define SALLY_SERVER_UNAUTHENTICATED_EARLY_DROP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

struct early_drop {
    uint64_t start, full;
    uint32_t rate; /* percent that are refused at `start`; at `full`, all are */
};

/* The chance, from 0 to 1, when `taken` places are taken. */
double early_drop_chance(const struct early_drop *drop, uint64_t taken);
/* Whether to drop. A chance of 0 draws no random number; true if there is no randomness. */
bool early_drop_happens(double chance, const struct random_source *random);

#endif
