/* Addresses that users have logged in from, for some time: some places for unauthenticated
 * connections are reserved for them (unauthenticated_places.h). A full table forgets the one with
 * the oldest login. Any thread. */
#ifndef SALLY_SERVER_KNOWN_ADDRESSES_H
#define SALLY_SERVER_KNOWN_ADDRESSES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/network_table.h"
#include "settings/settings.h"

struct known_addresses {
    pthread_mutex_t lock;
    struct network_table table;
};

void known_addresses_init(struct known_addresses *k, const uint8_t key[SIPHASH_KEY_SIZE]);
void known_addresses_clear(struct known_addresses *k);

/* A user has logged in from this address. */
void known_addresses_add(struct known_addresses *k, const struct limits_settings *limits,
                         const struct ip_address *address, uint64_t now_ns);
bool known_addresses_have(struct known_addresses *k, const struct ip_address *address,
                          uint64_t now_ns);

#endif
