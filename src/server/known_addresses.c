#include "server/known_addresses.h"

#include "server/networks.h"

void known_addresses_init(struct known_addresses *k, const uint8_t key[SIPHASH_KEY_SIZE])
{
    pthread_mutex_init(&k->lock, NULL);
    network_table_init(&k->table, sizeof(struct network_entry), key);
}

void known_addresses_clear(struct known_addresses *k)
{
    network_table_clear(&k->table);
    pthread_mutex_destroy(&k->lock);
}

/* Under the lock. */
static void forget_old(struct known_addresses *k, uint64_t now_ns)
{
    struct network_entry *old;
    while ((old = network_table_ended(&k->table, now_ns)) != NULL)
        network_table_remove(&k->table, old);
}

/* If memory is short, the address is not remembered. */
void known_addresses_add(struct known_addresses *k, const struct limits_settings *limits,
                         const struct ip_address *address, uint64_t now_ns)
{
    struct networks networks = networks_of(address);
    uint64_t end_ns = now_ns + limits->known_ns;
    if (networks.count == 0 || limits->known_ns == 0)
        return;
    pthread_mutex_lock(&k->lock);
    forget_old(k, now_ns);
    struct network_entry *entry = network_table_find(&k->table, &networks.at[0]);
    if (entry)
        network_table_set_end(&k->table, entry, end_ns);
    else
        (void)network_table_add(&k->table, &networks.at[0], end_ns, limits->known_addresses);
    pthread_mutex_unlock(&k->lock);
}

bool known_addresses_have(struct known_addresses *k, const struct ip_address *address,
                          uint64_t now_ns)
{
    struct networks networks = networks_of(address);
    if (networks.count == 0)
        return false;
    pthread_mutex_lock(&k->lock);
    const struct network_entry *entry = network_table_find(&k->table, &networks.at[0]);
    bool known = entry && entry->end.at_ns > now_ns;
    pthread_mutex_unlock(&k->lock);
    return known;
}
