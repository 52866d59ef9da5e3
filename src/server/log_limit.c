#include "server/log_limit.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define NS_PER_S  UINT64_C(1000000000)
#define BURST_S   10
#define LINE_SIZE 1024 /* a longer line counts as several */

/* ---- One rate: the generic cell rate algorithm (ITU-T I.371) ---- */

static bool fits(uint64_t due_ns, uint64_t rate, uint64_t now_ns)
{
    return rate == 0 || due_ns < now_ns + BURST_S * NS_PER_S;
}

static void charge(uint64_t *due_ns, uint64_t rate, uint64_t lines, uint64_t now_ns)
{
    if (rate == 0)
        return;
    if (*due_ns < now_ns)
        *due_ns = now_ns;
    *due_ns += lines * NS_PER_S / rate;
}

/* ---- Addresses ---- */

static struct log_source *set_of(struct log_limit *limit, const char *network)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *s = network; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 16777619u;
    return limit->sources[(hash ^ hash >> 16) % LOG_LIMIT_SETS];
}

static void forget(struct log_limit *limit, struct log_source *source)
{
    if (source->left_out) {
        limit->others.lines += source->left_out;
        limit->others.addresses++;
    }
    memset(source, 0, sizeof *source);
}

/* Replaces the one that has been quiet for longest, if there is no free place. */
static struct log_source *source_of(struct log_limit *limit, const char *network)
{
    struct log_source *set = set_of(limit, network), *oldest = set;
    for (size_t i = 0; i < LOG_LIMIT_WAYS; i++) {
        if (strcmp(set[i].network, network) == 0)
            return &set[i];
        if (set[i].due_ns < oldest->due_ns)
            oldest = &set[i];
    }
    forget(limit, oldest);
    snprintf(oldest->network, sizeof oldest->network, "%s", network);
    return oldest;
}

bool log_limit_allows(struct log_limit *limit, const struct log_rates *rates, const char *network,
                      size_t size, uint64_t now_ns)
{
    struct log_source *source = source_of(limit, *network ? network : "unknown");
    uint64_t lines = 1 + size / LINE_SIZE;
    if (fits(source->due_ns, rates->per_address, now_ns) &&
        fits(limit->all_ns, rates->in_all, now_ns)) {
        charge(&source->due_ns, rates->per_address, lines, now_ns);
        charge(&limit->all_ns, rates->in_all, lines, now_ns);
        return true;
    }
    source->left_out++;
    if (limit->since_ns == 0)
        limit->since_ns = now_ns;
    return false;
}

/* ---- Sums ---- */

static struct log_source *largest(struct log_limit *limit)
{
    struct log_source *found = NULL;
    for (size_t i = 0; i < LOG_LIMIT_SETS * LOG_LIMIT_WAYS; i++) {
        struct log_source *source = &limit->sources[i / LOG_LIMIT_WAYS][i % LOG_LIMIT_WAYS];
        if (source->left_out && (!found || source->left_out > found->left_out))
            found = source;
    }
    return found;
}

size_t log_limit_pop_sums(struct log_limit *limit, struct log_sum sums[LOG_SUMS],
                          uint64_t *since_ns)
{
    size_t count = 0;
    struct log_source *source;
    *since_ns = limit->since_ns;
    limit->since_ns = 0;
    while ((source = largest(limit)) != NULL) {
        if (count < LOG_SUMS - 1) {
            struct log_sum *sum = &sums[count++];
            *sum = (struct log_sum){.lines = source->left_out, .addresses = 1};
            memcpy(sum->network, source->network, sizeof sum->network);
        } else {
            limit->others.lines += source->left_out;
            limit->others.addresses++;
        }
        source->left_out = 0;
    }
    if (limit->others.lines)
        sums[count++] = limit->others;
    limit->others = (struct log_sum){.lines = 0};
    return count;
}
