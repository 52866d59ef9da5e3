/* Random early drop, as OpenSSH's MaxStartups start:rate:full: from `start` on, some of those who
 * come are refused, and more the fewer places are left. Whoever fills places faster than they
 * become free then mostly hits himself, and others still have a chance. */
#ifndef SALLY_SERVER_EARLY_DROP_H
#define SALLY_SERVER_EARLY_DROP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

struct early_drop {
    uint64_t start, full;
    uint32_t rate; /* percent that are refused at `start`; at `full`, all are */
};

/* From 0 to 1, when so many places are taken. */
double early_drop_chance(const struct early_drop *drop, uint64_t taken);
/* Whether it happens. A chance of 0 draws nothing; without randomness it does. */
bool early_drop_happens(double chance, const struct random_source *random);

#endif
