#include "auth/user_table.h"

#include <string.h>

#include "base/mem.h"

void user_table_init(struct user_table *table)
{
    *table = (struct user_table){0};
    pthread_mutex_init(&table->lock, NULL);
}

void user_table_clear(struct user_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i]) {
            struct listed_user *a = table->buckets[i];
            table->buckets[i] = a->next;
            listed_user_unref(a);
        }
    }
    mem_free(table->buckets);
    decoys_clear(&table->decoys);
    pthread_mutex_destroy(&table->lock);
}

/* FNV-1a. Names come from the operator, so attackers cannot choose them to collide. */
static size_t bucket_of(const struct user_table *table, const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32) & (table->bucket_count - 1);
}

static struct listed_user **find(const struct user_table *table, const char *name)
{
    struct listed_user **place = &table->buckets[bucket_of(table, name)];
    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    return place;
}

static bool grow(struct user_table *table)
{
    size_t count = table->bucket_count ? table->bucket_count * 2 : 16;
    struct listed_user **buckets = mem_array(count, sizeof(struct listed_user *));
    if (!buckets)
        return false;
    struct listed_user **old = table->buckets;
    size_t old_count = table->bucket_count;
    table->buckets = buckets;
    table->bucket_count = count;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i]) {
            struct listed_user *a = old[i];
            old[i] = a->next;
            struct listed_user **place = &buckets[bucket_of(table, a->name)];
            a->next = *place;
            *place = a;
        }
    }
    mem_free(old);
    return true;
}

/* `gone` was taken out: if it was a decoy, others take its place. */
static void renew_decoys(struct user_table *table, const struct listed_user *gone)
{
    if (!decoys_have(&table->decoys, gone))
        return;
    decoys_clear(&table->decoys);
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct listed_user *a = table->buckets[i]; a; a = a->next)
            decoys_offer(&table->decoys, a);
    }
}

struct listed_user *user_table_look_up(struct user_table *table, const char *name,
                                       struct decoys *decoys)
{
    pthread_mutex_lock(&table->lock);
    struct listed_user *a = table->count ? listed_user_ref(*find(table, name)) : NULL;
    decoys_copy(decoys, &table->decoys);
    pthread_mutex_unlock(&table->lock);
    return a;
}

void user_table_uses(struct user_table *table, bool *password, bool *keys, bool *files)
{
    pthread_mutex_lock(&table->lock);
    const struct decoys *d = &table->decoys;
    *password = d->password_count > 0;
    *keys = d->keys || d->keys_files;
    if (files)
        *files = d->keys_files != NULL;
    pthread_mutex_unlock(&table->lock);
}

bool user_table_put(struct user_table *table, struct listed_user *a)
{
    struct listed_user *old = NULL;
    pthread_mutex_lock(&table->lock);
    bool ok = table->count < table->bucket_count || grow(table);
    if (ok) {
        struct listed_user **place = find(table, a->name);
        old = *place;
        a->next = old ? old->next : NULL;
        *place = a;
        table->count += old ? 0 : 1;
        decoys_offer(&table->decoys, a);
        if (old)
            renew_decoys(table, old);
    }
    pthread_mutex_unlock(&table->lock);
    listed_user_unref(ok ? old : a);
    return ok;
}

bool user_table_remove(struct user_table *table, const char *name)
{
    struct listed_user *old = NULL;
    pthread_mutex_lock(&table->lock);
    if (table->count) {
        struct listed_user **place = find(table, name);
        old = *place;
        if (old) {
            *place = old->next;
            table->count--;
            renew_decoys(table, old);
        }
    }
    pthread_mutex_unlock(&table->lock);
    listed_user_unref(old);
    return old != NULL;
}
