#include "stats.h"

#define SUB_BITS 5u

static unsigned bucket_of(uint64_t ns)
{
    if (ns < 1u << SUB_BITS)
        return (unsigned)ns;
    unsigned top = 63u - (unsigned)__builtin_clzll(ns);
    unsigned shift = top - SUB_BITS;
    return ((shift + 1) << SUB_BITS) + (unsigned)((ns >> shift) & ((1u << SUB_BITS) - 1));
}

/* The middle of what falls into it. */
static uint64_t value_of(unsigned bucket)
{
    unsigned row = bucket >> SUB_BITS;
    uint64_t sub = bucket & ((1u << SUB_BITS) - 1);
    if (row == 0)
        return sub;
    unsigned shift = row - 1;
    return (((UINT64_C(1) << SUB_BITS) + sub) << shift) + ((UINT64_C(1) << shift) >> 1);
}

void stats_add(struct stats *s, uint64_t ns)
{
    s->counts[bucket_of(ns)]++;
    s->total++;
    if (ns > s->max_ns)
        s->max_ns = ns;
}

uint64_t stats_at(const struct stats *s, double part)
{
    uint64_t wanted = (uint64_t)(part * (double)s->total), seen = 0;
    if (s->total == 0)
        return 0;
    for (unsigned i = 0; i < STATS_BUCKETS; i++) {
        seen += s->counts[i];
        if (seen > wanted)
            return value_of(i) < s->max_ns ? value_of(i) : s->max_ns;
    }
    return s->max_ns;
}
