/* The accounts of a list of users, by name, and their decoys. */
#ifndef SALLY_AUTH_USER_TABLE_H
#define SALLY_AUTH_USER_TABLE_H

#include <pthread.h>

#include "auth/decoys.h"

struct user_table {
    /* Protects all members below. Held only briefly; with a readers-writer lock, many readers could
     * lock out the operator's changes forever. */
    pthread_mutex_t lock;
    struct listed_user **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    struct decoys decoys;
};

void user_table_init(struct user_table *table);
void user_table_clear(struct user_table *table);
/* Replaces the one with this name. Takes over `account`; false: out of memory. */
bool user_table_put(struct user_table *table, struct listed_user *account);
bool user_table_remove(struct user_table *table, const char *name); /* false: there is none */
/* The account (NULL: there is none), and its decoys; all held. */
struct listed_user *user_table_look_up(struct user_table *table, const char *name,
                                       struct decoys *decoys);
/* Whether any user has a password, keys anywhere, and (NULL: not asked) files of them. */
void user_table_uses(struct user_table *table, bool *password, bool *keys, bool *files);

#endif
