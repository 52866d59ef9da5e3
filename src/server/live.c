#include "server/live.h"

#include <string.h>

#include "base/mem.h"

/* FNV-1a. Names that collide on purpose cost their sender a connection each: the
 * chain is no longer than the limit of connections. */
static struct live **find(struct live_table *table, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const unsigned char *s = (const unsigned char *)name; *s; s++)
        hash = (hash ^ *s) * 16777619u;
    struct live **at = &table->buckets[hash % LIVE_BUCKETS];
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static void table_init(struct live_table *table, size_t object_size,
                       void (*init)(struct live *live), void (*clear)(struct live *live),
                       struct account *memory, struct account *files)
{
    pthread_mutex_init(&table->lock, NULL);
    table->object_size = object_size;
    table->init = init;
    table->clear = clear;
    table->memory = memory;
    table->files = files;
    memset(table->buckets, 0, sizeof table->buckets);
}

void live_table_clear(struct live_table *table)
{
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        while (table->buckets[i]) {
            struct live *live = table->buckets[i];
            table->buckets[i] = live->next;
            mem_free(live);
        }
    }
    pthread_mutex_destroy(&table->lock);
}

static struct live *new_live(struct live_table *table, const char *name)
{
    size_t size = strlen(name) + 1;
    struct live *live = mem_zalloc(table->object_size + size);
    if (!live)
        return NULL;
    live->table = table;
    live->name = memcpy((char *)live + table->object_size, name, size);
    table->init(live);
    return live;
}

static struct live *get(struct live_table *table, const char *name)
{
    pthread_mutex_lock(&table->lock);
    struct live **at = find(table, name);
    if (!*at)
        *at = new_live(table, name);
    struct live *live = *at;
    if (live)
        live->refs++;
    pthread_mutex_unlock(&table->lock);
    return live;
}

struct live *live_ref(struct live *live)
{
    pthread_mutex_lock(&live->table->lock);
    live->refs++;
    pthread_mutex_unlock(&live->table->lock);
    return live;
}

void live_unref(struct live *live)
{
    if (!live)
        return;
    struct live_table *table = live->table;
    pthread_mutex_lock(&table->lock);
    bool last = --live->refs == 0;
    if (last)
        *find(table, live->name) = live->next;
    pthread_mutex_unlock(&table->lock);
    if (!last)
        return;
    if (table->clear)
        table->clear(live);
    mem_free(live);
}

bool live_count(struct live *live, uint64_t *count, uint64_t maximum)
{
    pthread_mutex_lock(&live->table->lock);
    bool counted = maximum == 0 || *count < maximum;
    *count += counted;
    pthread_mutex_unlock(&live->table->lock);
    return counted;
}

void live_uncount(struct live *live, uint64_t *count)
{
    pthread_mutex_lock(&live->table->lock);
    --*count;
    pthread_mutex_unlock(&live->table->lock);
}

/* ---- Users and addresses ---- */

static void release_lane(struct lane_group *group)
{
    live_unref(&CONTAINER_OF(group, struct live_user, lanes)->live);
}

static void init_user(struct live *live)
{
    struct live_user *user = CONTAINER_OF(live, struct live_user, live);
    lane_group_init(&user->lanes, release_lane);
    share_init(&user->tasks);
    account_init(&user->memory, live->table->memory, "limits.memory_per_user");
    account_init(&user->files, live->table->files, "limits.open_files_per_user");
    for (size_t i = 0; i < DIRECTIONS; i++)
        atomic_init(&user->rates[i].paid_ns, 0);
}

static void init_address(struct live *live)
{
    struct live_address *address = CONTAINER_OF(live, struct live_address, live);
    for (size_t i = 0; i < COUNT_OF(address->tasks); i++)
        share_init(&address->tasks[i]);
    account_init(&address->memory, live->table->memory, "limits.memory_per_user");
}

void live_users_init(struct live_table *table, struct account *memory, struct account *files)
{
    table_init(table, sizeof(struct live_user), init_user, NULL, memory, files);
}

static void let_go_of_network(struct live *live)
{
    struct live_address *around = CONTAINER_OF(live, struct live_address, live)->around;
    if (around)
        live_unref(&around->live);
}

void live_addresses_init(struct live_table *table, struct account *memory)
{
    table_init(table, sizeof(struct live_address), init_address, let_go_of_network, memory, NULL);
}

void live_user_set_limits(struct live_user *user, const struct settings *settings)
{
    account_set_limit(&user->memory, settings->limits.memory_per_user);
    account_set_limit(&user->files, settings->limits.open_files_per_user);
}

void live_address_set_limits(struct live_address *address, const struct settings *settings)
{
    account_set_limit(&address->memory, settings->limits.memory_per_user);
}

struct live_user *live_user_get(struct live_table *users, const char *name)
{
    struct live *live = get(users, name);
    return live ? CONTAINER_OF(live, struct live_user, live) : NULL;
}

/* `around` is held, and the new object's if it has none. */
static struct live_address *get_network(struct live_table *addresses,
                                        const struct ip_network *network, uint32_t weight,
                                        struct live_address *around)
{
    char name[IP_TEXT_SIZE];
    ip_network_print(network, name);
    struct live *live = get(addresses, name);
    struct live_address *address = live ? CONTAINER_OF(live, struct live_address, live) : NULL;
    if (address) {
        pthread_mutex_lock(&addresses->lock);
        address->weight = weight;
        if (!address->around) {
            address->around = around;
            around = NULL;
        }
        pthread_mutex_unlock(&addresses->lock);
    }
    if (around)
        live_unref(&around->live);
    return address;
}

struct live_address *live_address_get(struct live_table *addresses, const struct networks *networks)
{
    struct live_address *address = NULL;
    for (size_t i = networks->count; i-- > 0;) {
        struct live_address *around = address;
        address = get_network(addresses, &networks->at[i], networks->weight[i], around);
        if (!address)
            return NULL;
    }
    return address;
}

struct live *live_address_share(struct live_address *address, enum work kind, struct share **share)
{
    *share = address ? &address->tasks[kind - WORK_FIRST_UNAUTHENTICATED] : NULL;
    return address ? live_ref(&address->live) : NULL;
}
