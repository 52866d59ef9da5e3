#include "server/limits.h"

#include <uv.h>

#include "base/mem.h"
#include "base/number.h"
#include "core/counters.h"
#include "os/cgroup.h"

static uint64_t available_memory(void)
{
    uint64_t total = uv_get_total_memory(), allowed = uv_get_constrained_memory();
    /* libuv 1.44 reads version 1 alone. */
    total = min_u64(total, os_cgroup_memory(""));
    return allowed > 0 ? min_u64(total, allowed) : total;
}

bool limits_init(struct limits *limits, const struct random_source *random)
{
    uint8_t keys[2][SIPHASH_KEY_SIZE];
    if (!random_fill(random, &keys[0][0], sizeof keys))
        return false;
    limits->available_memory = available_memory(); /* in a sandbox it could not be read later */
    account_init(&limits->memory, NULL, "limits.memory");
    account_init(&limits->files, NULL, "limits.open_files_total");
    address_usage_table_init(&limits->addresses, &limits->memory);
    user_usage_table_init(&limits->users, &limits->memory, &limits->files);
    known_addresses_init(&limits->known, keys[0]);
    penalties_init(&limits->penalties, keys[1]);
    atomic_init(&limits->connections, 0);
    atomic_init(&limits->proxy_headers, 0);
    limits->unauthenticated = (struct unauthenticated_places){0};
    limits->random = *random;
    return true;
}

void limits_set(struct limits *limits, const struct settings *settings, uint64_t descriptors)
{
    uint64_t files = settings->limits.open_files_total, memory = settings->limits.memory;
    account_set_limit(&limits->memory, memory ? memory : limits->available_memory / 4);
    account_set_limit(&limits->files, files ? files : descriptors / 2);
}

void limits_clear(struct limits *limits)
{
    penalties_clear(&limits->penalties);
    known_addresses_clear(&limits->known);
    usage_table_clear(&limits->addresses);
    usage_table_clear(&limits->users);
}

/* ---- Admission: one step per kind of limit ---- */

struct admission {
    struct limits *limits;
    const struct limits_settings *settings;
    struct address_usage *address; /* NULL: unknown */
    bool is_known;
};

/* Each counts the connection, or returns the setting that refuses it. */
static const char *add_connection(const struct admission *a)
{
    return counter_add_below(&a->limits->connections, 1, a->settings->connections)
               ? NULL
               : "limits.connections";
}

static void remove_connection(const struct admission *a)
{
    counter_sub(&a->limits->connections, 1);
}

static const char *add_to_address(const struct admission *a)
{
    return !a->address || usage_increment(&a->address->usage, &a->address->connections,
                                          a->settings->connections_per_address)
               ? NULL
               : "limits.connections_per_address";
}

static void remove_from_address(const struct admission *a)
{
    if (a->address)
        usage_decrement(&a->address->usage, &a->address->connections);
}

static const char *add_unauthenticated(const struct admission *a)
{
    return unauthenticated_places_enter(&a->limits->unauthenticated, &a->limits->addresses,
                                        a->settings, a->address, a->is_known, &a->limits->random);
}

static const char *add_header(const struct admission *a)
{
    return counter_add_below(&a->limits->proxy_headers, 1, a->settings->unauthenticated)
               ? NULL
               : "limits.unauthenticated";
}

static void remove_header(const struct admission *a)
{
    counter_sub(&a->limits->proxy_headers, 1);
}

static const char *add_header_to_address(const struct admission *a)
{
    return !a->address || usage_increment(&a->address->usage, &a->address->proxy_headers,
                                          a->settings->unauthenticated_per_address)
               ? NULL
               : "limits.unauthenticated_per_address";
}

struct step {
    const char *(*add)(const struct admission *a);
    void (*remove)(const struct admission *a); /* NULL: the last one */
};

static const struct step of_connection[] = {
    {add_connection, remove_connection},
    {add_to_address, remove_from_address},
    {add_unauthenticated, NULL},
};

static const struct step of_header[] = {
    {add_connection, remove_connection},
    {add_header, remove_header},
    {add_header_to_address, NULL},
};

/* All steps or none. */
static const char *admit(struct admission *a, const struct step *steps, size_t count,
                         const struct networks *networks, struct address_usage **address)
{
    const char *refused = NULL;
    size_t done = 0;
    *address = NULL;
    if (networks->count &&
        (a->address = address_usage_get(&a->limits->addresses, networks)) == NULL)
        return "out of memory";
    while (done < count && (refused = steps[done].add(a)) == NULL)
        done++;
    if (!refused) {
        *address = a->address;
        return NULL;
    }
    while (done-- > 0)
        steps[done].remove(a);
    if (a->address)
        usage_unref(&a->address->usage);
    return refused;
}

const char *limits_admit(struct limits *limits, const struct settings *settings,
                         const struct ip_address *ip, uint64_t now_ns,
                         struct address_usage **address)
{
    struct admission a = {limits, &settings->limits, NULL,
                          known_addresses_have(&limits->known, ip, now_ns)};
    struct networks networks = networks_of(ip);
    return admit(&a, of_connection, COUNT_OF(of_connection), &networks, address);
}

const char *limits_await_header(struct limits *limits, const struct settings *settings,
                                const struct ip_address *ip, struct address_usage **address)
{
    struct admission a = {limits, &settings->limits, NULL, false};
    struct networks networks = networks_of(ip);
    return admit(&a, of_header, COUNT_OF(of_header), &networks, address);
}

void limits_have_header(struct limits *limits, struct address_usage *address)
{
    counter_sub(&limits->connections, 1);
    counter_sub(&limits->proxy_headers, 1);
    if (!address)
        return;
    usage_decrement(&address->usage, &address->proxy_headers);
    usage_unref(&address->usage);
}

void limits_logged_in(struct limits *limits, struct address_usage *address)
{
    unauthenticated_places_leave(&limits->unauthenticated, &limits->addresses, address);
}

void limits_release(struct limits *limits, struct address_usage *address)
{
    counter_sub(&limits->connections, 1);
    if (!address)
        return;
    usage_decrement(&address->usage, &address->connections);
    usage_unref(&address->usage);
}
