#include "fs/lock_users.h"

#include <string.h>

#include "base/mem.h"

void lock_users_init(struct lock_users *users)
{
    for (size_t i = 0; i < LOCK_USERS_BUCKETS; i++)
        list_init(&users->buckets[i]);
}

struct lock_user *lock_users_get(struct lock_users *users, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    size_t size = 1;
    for (const char *at = name; *at; at++, size++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    struct list *bucket = &users->buckets[hash % LOCK_USERS_BUCKETS];
    LIST_EACH (item, bucket) {
        struct lock_user *user = CONTAINER_OF(item, struct lock_user, link);
        if (strcmp(user->name, name) == 0)
            return user;
    }
    struct lock_user *user = mem_alloc(sizeof(*user) + size);
    if (!user)
        return NULL;
    user->ranges = 0;
    memcpy(user->name, name, size);
    list_append(bucket, &user->link);
    return user;
}

void lock_user_release(struct lock_user *user)
{
    if (user->ranges)
        return;
    list_remove(&user->link);
    mem_free(user);
}
