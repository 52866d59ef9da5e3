#include "server/usage.h"

#include <string.h>

#include "base/mem.h"

/* FNV-1a. Names that collide on purpose cost their sender a connection each: the
 * chain is no longer than the limit of connections. */
static struct usage **find(struct usage_table *table, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const unsigned char *s = (const unsigned char *)name; *s; s++)
        hash = (hash ^ *s) * 16777619u;
    struct usage **at = &table->buckets[hash % USAGE_BUCKETS];
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static void table_init(struct usage_table *table, size_t object_size,
                       void (*init)(struct usage *usage), void (*clear)(struct usage *usage),
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

void usage_table_clear(struct usage_table *table)
{
    for (size_t i = 0; i < USAGE_BUCKETS; i++) {
        while (table->buckets[i]) {
            struct usage *usage = table->buckets[i];
            table->buckets[i] = usage->next;
            mem_free(usage);
        }
    }
    pthread_mutex_destroy(&table->lock);
}

static struct usage *new_live(struct usage_table *table, const char *name)
{
    size_t size = strlen(name) + 1;
    struct usage *usage = mem_zalloc(table->object_size + size);
    if (!usage)
        return NULL;
    usage->table = table;
    usage->name = memcpy((char *)usage + table->object_size, name, size);
    table->init(usage);
    return usage;
}

static struct usage *get(struct usage_table *table, const char *name)
{
    pthread_mutex_lock(&table->lock);
    struct usage **at = find(table, name);
    if (!*at)
        *at = new_live(table, name);
    struct usage *usage = *at;
    if (usage)
        usage->refs++;
    pthread_mutex_unlock(&table->lock);
    return usage;
}

struct usage *usage_ref(struct usage *usage)
{
    pthread_mutex_lock(&usage->table->lock);
    usage->refs++;
    pthread_mutex_unlock(&usage->table->lock);
    return usage;
}

void usage_unref(struct usage *usage)
{
    if (!usage)
        return;
    struct usage_table *table = usage->table;
    pthread_mutex_lock(&table->lock);
    bool last = --usage->refs == 0;
    if (last)
        *find(table, usage->name) = usage->next;
    pthread_mutex_unlock(&table->lock);
    if (!last)
        return;
    if (table->clear)
        table->clear(usage);
    mem_free(usage);
}

bool usage_increment(struct usage *usage, uint64_t *count, uint64_t maximum)
{
    pthread_mutex_lock(&usage->table->lock);
    bool counted = maximum == 0 || *count < maximum;
    *count += counted;
    pthread_mutex_unlock(&usage->table->lock);
    return counted;
}

void usage_decrement(struct usage *usage, uint64_t *count)
{
    pthread_mutex_lock(&usage->table->lock);
    --*count;
    pthread_mutex_unlock(&usage->table->lock);
}

/* ---- Users and addresses ---- */

static void release_lane(struct lane_group *group)
{
    usage_unref(&CONTAINER_OF(group, struct user_usage, lanes)->usage);
}

static void init_user(struct usage *usage)
{
    struct user_usage *user = CONTAINER_OF(usage, struct user_usage, usage);
    lane_group_init(&user->lanes, release_lane);
    share_init(&user->tasks);
    account_init(&user->memory, usage->table->memory, "limits.memory_per_user");
    account_init(&user->files, usage->table->files, "limits.open_files_per_user");
    for (size_t i = 0; i < DIRECTIONS; i++)
        atomic_init(&user->rates[i].paid_ns, 0);
}

static void init_address(struct usage *usage)
{
    struct address_usage *address = CONTAINER_OF(usage, struct address_usage, usage);
    for (size_t i = 0; i < COUNT_OF(address->tasks); i++)
        share_init(&address->tasks[i]);
    account_init(&address->memory, usage->table->memory, "limits.memory_per_user");
}

void user_usage_table_init(struct usage_table *table, struct account *memory, struct account *files)
{
    table_init(table, sizeof(struct user_usage), init_user, NULL, memory, files);
}

static void release_network(struct usage *usage)
{
    struct address_usage *around = CONTAINER_OF(usage, struct address_usage, usage)->around;
    if (around)
        usage_unref(&around->usage);
}

void address_usage_table_init(struct usage_table *table, struct account *memory)
{
    table_init(table, sizeof(struct address_usage), init_address, release_network, memory, NULL);
}

void user_usage_set_limits(struct user_usage *user, const struct settings *settings)
{
    account_set_limit(&user->memory, settings->limits.memory_per_user);
    account_set_limit(&user->files, settings->limits.open_files_per_user);
}

void address_usage_set_limits(struct address_usage *address, const struct settings *settings)
{
    account_set_limit(&address->memory, settings->limits.memory_per_user);
}

struct user_usage *user_usage_get(struct usage_table *users, const char *name)
{
    struct usage *usage = get(users, name);
    return usage ? CONTAINER_OF(usage, struct user_usage, usage) : NULL;
}

/* `around` is held, and the new object's if it has none. */
static struct address_usage *get_network(struct usage_table *addresses,
                                         const struct ip_network *network, uint32_t weight,
                                         struct address_usage *around)
{
    char name[IP_TEXT_SIZE];
    ip_network_print(network, name);
    struct usage *usage = get(addresses, name);
    struct address_usage *address = usage ? CONTAINER_OF(usage, struct address_usage, usage) : NULL;
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
        usage_unref(&around->usage);
    return address;
}

struct address_usage *address_usage_get(struct usage_table *addresses,
                                        const struct networks *networks)
{
    struct address_usage *address = NULL;
    for (size_t i = networks->count; i-- > 0;) {
        struct address_usage *around = address;
        address = get_network(addresses, &networks->at[i], networks->weight[i], around);
        if (!address)
            return NULL;
    }
    return address;
}

struct usage *address_usage_share(struct address_usage *address, enum work kind,
                                  struct share **share)
{
    *share = address ? &address->tasks[kind - WORK_FIRST_UNAUTHENTICATED] : NULL;
    return address ? usage_ref(&address->usage) : NULL;
}
