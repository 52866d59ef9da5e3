/* Latencies, as counts in buckets: 32 per power of two, so that a figure is exact to 3 %. */
#ifndef SALLY_LOAD_STATS_H
#define SALLY_LOAD_STATS_H

#include <stdint.h>

#define STATS_BUCKETS (64u * 32u)

struct stats {
    uint64_t counts[STATS_BUCKETS];
    uint64_t total, max_ns;
};

void stats_add(struct stats *s, uint64_t ns);
/* The latency below which this part of all were, 0 < part < 1; 0: there were none. */
uint64_t stats_at(const struct stats *s, double part);

#endif
