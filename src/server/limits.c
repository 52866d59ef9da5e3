#include "server/limits.h"

#include "base/mem.h"
#include "core/counters.h"

void limits_init(struct limits *limits)
{
    live_addresses_init(&limits->addresses);
    live_users_init(&limits->users);
    atomic_init(&limits->connections, 0);
    atomic_init(&limits->unauthenticated, 0);
}

void limits_clear(struct limits *limits)
{
    live_table_clear(&limits->addresses);
    live_table_clear(&limits->users);
}

/* ---- Admission: one step per limit ---- */

struct admission {
    struct limits *limits;
    const struct settings *settings;
    struct live_address *address; /* NULL: unknown */
};

static bool add_connection(const struct admission *a)
{
    return counter_add_below(&a->limits->connections, 1, a->settings->limits.connections);
}

static void remove_connection(const struct admission *a)
{
    counter_sub(&a->limits->connections, 1);
}

static bool add_unauthenticated(const struct admission *a)
{
    return counter_add_below(&a->limits->unauthenticated, 1, a->settings->limits.unauthenticated);
}

static void remove_unauthenticated(const struct admission *a)
{
    counter_sub(&a->limits->unauthenticated, 1);
}

static bool add_to_address(const struct admission *a)
{
    return !a->address || live_count(&a->address->live, &a->address->connections,
                                     a->settings->limits.connections_per_address);
}

static void remove_from_address(const struct admission *a)
{
    if (a->address)
        live_uncount(&a->address->live, &a->address->connections);
}

static bool add_unauthenticated_to_address(const struct admission *a)
{
    return !a->address || live_count(&a->address->live, &a->address->unauthenticated,
                                     a->settings->limits.unauthenticated_per_address);
}

static const struct step {
    const char *setting;
    bool (*add)(const struct admission *a);
    void (*remove)(const struct admission *a);
} steps[] = {
    {"limits.connections", add_connection, remove_connection},
    {"limits.unauthenticated", add_unauthenticated, remove_unauthenticated},
    {"limits.connections_per_address", add_to_address, remove_from_address},
    {"limits.unauthenticated_per_address", add_unauthenticated_to_address, NULL},
};

const char *limits_admit(struct limits *limits, const struct settings *settings,
                         const char *network, struct live_address **address)
{
    struct admission a = {limits, settings, NULL};
    *address = NULL;
    if (*network && (a.address = live_address_get(&limits->addresses, network)) == NULL)
        return "out of memory";
    size_t done = 0;
    while (done < COUNT_OF(steps) && steps[done].add(&a))
        done++;
    if (done == COUNT_OF(steps)) {
        *address = a.address;
        return NULL;
    }
    const char *refused = steps[done].setting;
    while (done-- > 0)
        steps[done].remove(&a);
    if (a.address)
        live_unref(&a.address->live);
    return refused;
}

void limits_logged_in(struct limits *limits, struct live_address *address)
{
    counter_sub(&limits->unauthenticated, 1);
    if (address)
        live_uncount(&address->live, &address->unauthenticated);
}

void limits_release(struct limits *limits, struct live_address *address)
{
    counter_sub(&limits->connections, 1);
    if (!address)
        return;
    live_uncount(&address->live, &address->connections);
    live_unref(&address->live);
}
