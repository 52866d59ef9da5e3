#include "server/limits.h"

#include <string.h>

#include "base/mem.h"

struct tally_entry {
    struct tally_entry *next;
    uint64_t count;
    char name[];
};

static void tally_init(struct tally *tally)
{
    pthread_mutex_init(&tally->lock, NULL);
    memset(tally->buckets, 0, sizeof tally->buckets);
}

static void tally_clear(struct tally *tally)
{
    for (size_t i = 0; i < TALLY_BUCKETS; i++) {
        while (tally->buckets[i]) {
            struct tally_entry *entry = tally->buckets[i];
            tally->buckets[i] = entry->next;
            mem_free(entry);
        }
    }
    pthread_mutex_destroy(&tally->lock);
}

void limits_init(struct limits *limits)
{
    tally_init(&limits->addresses);
    tally_init(&limits->users);
    tally_init(&limits->strangers);
    atomic_init(&limits->connections, 0);
    atomic_init(&limits->unauthenticated, 0);
    atomic_init(&limits->buffered_bytes, 0);
}

void limits_clear(struct limits *limits)
{
    tally_clear(&limits->addresses);
    tally_clear(&limits->users);
    tally_clear(&limits->strangers);
}

/* FNV-1a. Names that meet in one bucket on purpose cost whoever sends them a connection each: the
 * chain is no longer than the limit of connections. */
static struct tally_entry **find(struct tally *tally, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const unsigned char *s = (const unsigned char *)name; *s; s++)
        hash = (hash ^ *s) * 16777619u;
    struct tally_entry **at = &tally->buckets[hash % TALLY_BUCKETS];
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

bool tally_take(struct tally *tally, const char *name, uint64_t maximum)
{
    pthread_mutex_lock(&tally->lock);
    struct tally_entry **at = find(tally, name);
    if (!*at) {
        size_t size = strlen(name) + 1;
        *at = mem_zalloc(sizeof **at + size);
        if (*at)
            memcpy((*at)->name, name, size);
    }
    bool taken = *at && (maximum == 0 || (*at)->count < maximum);
    if (taken)
        (*at)->count++;
    pthread_mutex_unlock(&tally->lock);
    return taken;
}

void tally_give(struct tally *tally, const char *name)
{
    pthread_mutex_lock(&tally->lock);
    struct tally_entry **at = find(tally, name);
    struct tally_entry *entry = *at;
    if (entry && --entry->count == 0) {
        *at = entry->next;
        mem_free(entry);
    }
    pthread_mutex_unlock(&tally->lock);
}

bool count_take(_Atomic uint64_t *count, uint64_t amount, uint64_t maximum)
{
    uint64_t old = atomic_load_explicit(count, memory_order_relaxed);
    do {
        if (maximum && (old > maximum || amount > maximum - old))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(count, &old, old + amount, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void count_give(_Atomic uint64_t *count, uint64_t amount)
{
    atomic_fetch_sub_explicit(count, amount, memory_order_relaxed);
}

/* Each step takes one place; what it took is given back when a later one refuses. */
const char *limits_admit(struct limits *limits, const struct settings *settings,
                         const char *network)
{
    const char *refused = "limits.connections";
    if (!count_take(&limits->connections, 1, settings->limits_connections))
        return refused;
    refused = "limits.unauthenticated";
    if (!count_take(&limits->unauthenticated, 1, settings->limits_unauthenticated))
        goto no_stranger;
    if (!*network)
        return NULL;
    refused = "limits.connections_per_address";
    if (!tally_take(&limits->addresses, network, settings->limits_connections_per_address))
        goto no_address;
    refused = "limits.unauthenticated_per_address";
    if (tally_take(&limits->strangers, network, settings->limits_unauthenticated_per_address))
        return NULL;
    tally_give(&limits->addresses, network);
no_address:
    count_give(&limits->unauthenticated, 1);
no_stranger:
    count_give(&limits->connections, 1);
    return refused;
}

void limits_logged_in(struct limits *limits, const char *network)
{
    count_give(&limits->unauthenticated, 1);
    if (*network)
        tally_give(&limits->strangers, network);
}

void limits_left(struct limits *limits, const char *network)
{
    count_give(&limits->connections, 1);
    if (*network)
        tally_give(&limits->addresses, network);
}
