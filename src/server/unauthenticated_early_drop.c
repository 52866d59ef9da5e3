#include "server/unauthenticated_early_drop.h"

#include "base/wire.h"

double early_drop_chance(const struct early_drop *drop, uint64_t taken)
{
    if (taken >= drop->full)
        return 1;
    if (taken < drop->start)
        return 0;
    double rate = drop->rate / 100.0;
    return rate + (1 - rate) * (double)(taken - drop->start) / (double)(drop->full - drop->start);
}

bool early_drop_happens(double chance, const struct random_source *random)
{
    uint8_t drawn[4];
    if (chance <= 0)
        return false;
    return !random_fill(random, drawn, sizeof drawn) || wire_get_u32(drawn) < chance * 4294967296.0;
}
