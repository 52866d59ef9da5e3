#include "model.h"

/* splitmix64: neighbouring seeds have nothing in common. */
static uint64_t next(struct dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void dice_init(struct dice *d, uint64_t seed)
{
    d->state = seed;
}

uint32_t dice_below(struct dice *d, uint32_t bound)
{
    return (uint32_t)((next(d) >> 32) % bound);
}

bool dice_percent(struct dice *d, uint32_t probability)
{
    return dice_below(d, 100) < probability;
}
