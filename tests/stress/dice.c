#include "stress.h"

/* Of this thread. Callbacks come on threads that others have started, so nothing else is at hand.
 */
static _Thread_local struct {
    uint64_t seed; /* that `state` comes from */
    uint64_t state;
} own;

/* splitmix64: neighbouring seeds have nothing in common. */
static uint64_t next(void)
{
    uint64_t z = own.state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void dice_init(struct dice *d, uint64_t seed, struct slice input)
{
    d->seed = seed;
    d->input = input;
    atomic_init(&d->threads, 0);
    own.seed = own.state = seed;
}

/* A byte for each throw, two where one does not reach that far. */
static uint32_t draw_from_input(struct dice *d, uint32_t bound)
{
    uint32_t value = 0;
    for (uint32_t reach = 1; reach < bound && d->input.size > 0; reach <<= 8) {
        value = value << 8 | *d->input.data++;
        d->input.size--;
    }
    return value % bound;
}

uint32_t dice_below(struct dice *d, uint32_t bound)
{
    if (d->input.size > 0)
        return draw_from_input(d, bound);
    if (own.seed != d->seed) {
        uint64_t number = 1 + (uint64_t)atomic_fetch_add(&d->threads, 1);
        own.seed = d->seed;
        own.state = d->seed ^ number << 48;
    }
    return (uint32_t)((next() >> 32) % bound);
}

bool dice_one_in(struct dice *d, uint32_t count)
{
    return dice_below(d, count) == 0;
}

bool dice_percent(struct dice *d, uint32_t probability)
{
    return dice_below(d, 100) < probability;
}
