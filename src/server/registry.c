#include "server/registry.h"

#include <stdlib.h>

#include "base/mem.h"
#include "server/conn.h"

void registry_init(struct registry *r)
{
    pthread_mutex_init(&r->lock, NULL);
    for (size_t i = 0; i < REGISTRY_BUCKETS; i++)
        list_init(&r->buckets[i]);
    r->count = 0;
}

void registry_clear(struct registry *r)
{
    pthread_mutex_destroy(&r->lock);
}

void registry_add(struct registry *r, struct conn *c)
{
    pthread_mutex_lock(&r->lock);
    list_append(&r->buckets[c->peer.connection_id % REGISTRY_BUCKETS], &c->registry_link);
    r->count++;
    pthread_mutex_unlock(&r->lock);
}

void registry_remove(struct registry *r, struct conn *c)
{
    pthread_mutex_lock(&r->lock);
    list_remove(&c->registry_link);
    r->count--;
    pthread_mutex_unlock(&r->lock);
}

bool registry_with(struct registry *r, uint64_t id, void (*act)(void *user_data, struct conn *c),
                   void *user_data)
{
    bool found = false;
    pthread_mutex_lock(&r->lock);
    LIST_EACH (item, &r->buckets[id % REGISTRY_BUCKETS]) {
        struct conn *c = CONTAINER_OF(item, struct conn, registry_link);
        if (c->peer.connection_id != id)
            continue;
        found = true;
        act(user_data, c);
        break;
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = (*(struct conn *const *)a)->peer.connection_id;
    uint64_t y = (*(struct conn *const *)b)->peer.connection_id;
    return x < y ? -1 : x > y;
}

struct conn **registry_all(struct registry *r, size_t *count)
{
    *count = 0;
    pthread_mutex_lock(&r->lock);
    struct conn **all = mem_array(r->count, sizeof(struct conn *));
    for (size_t i = 0; all && i < REGISTRY_BUCKETS; i++)
        LIST_EACH (item, &r->buckets[i])
            all[(*count)++] = conn_ref(CONTAINER_OF(item, struct conn, registry_link));
    pthread_mutex_unlock(&r->lock);
    if (all)
        qsort(all, *count, sizeof(struct conn *), by_id);
    return all;
}
