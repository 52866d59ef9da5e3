/* All open connections by their numbers, for calls from any thread. */
#ifndef SALLY_SERVER_REGISTRY_H
#define SALLY_SERVER_REGISTRY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct conn;

#define REGISTRY_BUCKETS 1024

struct registry {
    pthread_mutex_t lock;
    struct list buckets[REGISTRY_BUCKETS];
    size_t count;
};

void registry_init(struct registry *r);
void registry_clear(struct registry *r);
void registry_add(struct registry *r, struct conn *c);
void registry_remove(struct registry *r, struct conn *c);
/* Calls `act` for the connection of this number, under the lock: its loop runs for as long. False:
 * there is none. */
bool registry_with(struct registry *r, uint64_t id, void (*act)(void *user_data, struct conn *c),
                   void *user_data);
/* References to all of them, by number, oldest first; NULL: out of memory. The caller frees the
 * array, and each reference. */
struct conn **registry_all(struct registry *r, size_t *count);

#endif
