#include "server/network_table.h"

#include <string.h>

#include "base/mem.h"

#define FIRST_BUCKETS 64

void network_table_init(struct network_table *t, size_t entry_size,
                        const uint8_t key[SIPHASH_KEY_SIZE])
{
    *t = (struct network_table){.entry_size = entry_size};
    memcpy(t->key, key, sizeof t->key);
}

void network_table_clear(struct network_table *t)
{
    for (size_t i = 0; i < t->bucket_count; i++) {
        while (t->buckets[i]) {
            struct network_entry *entry = t->buckets[i];
            t->buckets[i] = entry->next;
            mem_free(entry);
        }
    }
    mem_free(t->buckets);
    deadlines_clear(&t->ends);
    t->buckets = NULL;
    t->bucket_count = t->count = 0;
}

/* There are buckets. */
static struct network_entry **bucket_of(const struct network_table *t,
                                        const struct ip_network *network)
{
    uint8_t name[sizeof network->address.bytes + 2];
    memcpy(name, network->address.bytes, sizeof network->address.bytes);
    name[sizeof name - 2] = network->address.size;
    name[sizeof name - 1] = network->bits;
    return &t->buckets[siphash(t->key, name, sizeof name) & (t->bucket_count - 1)];
}

static struct network_entry **place_of(const struct network_table *t,
                                       const struct ip_network *network)
{
    struct network_entry **at = bucket_of(t, network);
    while (*at && !ip_network_equal(&(*at)->network, network))
        at = &(*at)->next;
    return at;
}

struct network_entry *network_table_find(const struct network_table *t,
                                         const struct ip_network *network)
{
    return t->buckets ? *place_of(t, network) : NULL;
}

/* As many buckets as entries. False: out of memory; the chains stay long. */
static bool grow(struct network_table *t)
{
    size_t count = t->bucket_count ? t->bucket_count * 2 : FIRST_BUCKETS;
    struct network_table more = *t;
    more.buckets = mem_array(count, sizeof(struct network_entry *));
    more.bucket_count = count;
    if (!more.buckets)
        return false;
    for (size_t i = 0; i < t->bucket_count; i++) {
        while (t->buckets[i]) {
            struct network_entry *entry = t->buckets[i];
            t->buckets[i] = entry->next;
            struct network_entry **at = bucket_of(&more, &entry->network);
            entry->next = *at;
            *at = entry;
        }
    }
    mem_free(t->buckets);
    *t = more;
    return true;
}

struct network_entry *network_table_add(struct network_table *t, const struct ip_network *network,
                                        uint64_t end_ns, uint64_t most)
{
    while (t->count > 0 && t->count >= most)
        network_table_remove(t, CONTAINER_OF(deadlines_first(&t->ends), struct network_entry, end));
    if (most == 0 || (t->count >= t->bucket_count && !grow(t) && !t->buckets))
        return NULL;
    if (!deadlines_reserve(&t->ends))
        return NULL;
    struct network_entry *entry = mem_zalloc(t->entry_size);
    if (!entry) {
        deadlines_release(&t->ends);
        return NULL;
    }
    struct network_entry **at = bucket_of(t, network);
    entry->network = *network;
    entry->next = *at;
    *at = entry;
    t->count++;
    deadline_init(&entry->end);
    deadline_set(&t->ends, &entry->end, end_ns);
    return entry;
}

void network_table_set_end(struct network_table *t, struct network_entry *entry, uint64_t end_ns)
{
    deadline_set(&t->ends, &entry->end, end_ns);
}

void network_table_remove(struct network_table *t, struct network_entry *entry)
{
    deadline_set(&t->ends, &entry->end, DEADLINE_NONE);
    deadlines_release(&t->ends);
    *place_of(t, &entry->network) = entry->next;
    t->count--;
    mem_free(entry);
}

struct network_entry *network_table_ended(const struct network_table *t, uint64_t now_ns)
{
    struct deadline *first = deadlines_first(&t->ends);
    return first && first->at_ns <= now_ns ? CONTAINER_OF(first, struct network_entry, end) : NULL;
}
