/* What is remembered about networks, each entry until its own end. Bounded: a full table forgets
 * the entry that would end first. The hash is keyed, since attackers choose addresses. The owner
 * locks. */
#ifndef SALLY_SERVER_NETWORK_TABLE_H
#define SALLY_SERVER_NETWORK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/siphash.h"
#include "loop/deadlines.h"

/* The first member of the owner's struct. */
struct network_entry {
    struct network_entry *next; /* in its bucket */
    struct ip_network network;
    struct deadline end;
};

struct network_table {
    uint8_t key[SIPHASH_KEY_SIZE];
    size_t entry_size;
    struct network_entry **buckets; /* NULL: none yet */
    size_t bucket_count;            /* a power of two */
    size_t count;
    struct deadlines ends;
};

void network_table_init(struct network_table *t, size_t entry_size,
                        const uint8_t key[SIPHASH_KEY_SIZE]);
void network_table_clear(struct network_table *t);

struct network_entry *network_table_find(const struct network_table *t,
                                         const struct ip_network *network);
/* A new entry for a network that has none; the owner's part is zero. NULL: out of memory, or `most`
 * is 0. At most `most` entries are kept. */
struct network_entry *network_table_add(struct network_table *t, const struct ip_network *network,
                                        uint64_t end_ns, uint64_t most);
void network_table_set_end(struct network_table *t, struct network_entry *entry, uint64_t end_ns);
void network_table_remove(struct network_table *t, struct network_entry *entry);
/* An entry whose end has passed, still in the table; NULL if there is none. */
struct network_entry *network_table_ended(const struct network_table *t, uint64_t now_ns);

#endif
