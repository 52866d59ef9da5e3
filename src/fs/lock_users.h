/* How many locked ranges each user has in all sessions and files of a storage, by user name. Users
 * without any are not kept. Not locked here. */
#ifndef SALLY_FS_LOCK_USERS_H
#define SALLY_FS_LOCK_USERS_H

#include <stdint.h>

#include "base/list.h"

#define LOCK_USERS_BUCKETS 256u

struct lock_user {
    struct list link; /* in its bucket */
    uint32_t ranges;
    char name[];
};

struct lock_users {
    struct list buckets[LOCK_USERS_BUCKETS];
};

void lock_users_init(struct lock_users *users);
/* Creates the user if there is none of this name; NULL: no memory. */
struct lock_user *lock_users_get(struct lock_users *users, const char *name);
/* Frees the user if it has no ranges. */
void lock_user_release(struct lock_user *user);

#endif
