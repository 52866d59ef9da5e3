#include "server/penalties.h"

#include "base/mem.h"
#include "base/names.h"
#include "base/number.h"

struct penalty {
    struct network_entry entry; /* its end is when all has run off */
    bool refuses;
    uint64_t refused;
};

void penalties_init(struct penalties *p, const uint8_t key[SIPHASH_KEY_SIZE])
{
    pthread_mutex_init(&p->lock, NULL);
    network_table_init(&p->table, sizeof(struct penalty), key);
}

void penalties_clear(struct penalties *p)
{
    network_table_clear(&p->table);
    pthread_mutex_destroy(&p->lock);
}

bool penalties_exempt(const struct limits_settings *limits, const struct ip_address *address)
{
    struct slice list = slice_of(limits->penalty_exempt), text;
    struct ip_network network;
    bool exempt = address->size == 0;
    while (!exempt && names_next(&list, &text))
        exempt = ip_network_parse(text, &network) && ip_network_has(&network, address);
    return exempt;
}

static uint64_t cost_of(const struct limits_settings *limits, enum offence offence)
{
    switch (offence) {
    case OFFENCE_FAILED_LOGIN:
        return limits->penalty_failed_login_ns;
    case OFFENCE_LOGIN_TIME:
        return limits->penalty_login_time_ns;
    case OFFENCE_NO_LOGIN:
        return limits->penalty_no_login_ns;
    case OFFENCE_PROTOCOL_ERROR:
        return limits->penalty_protocol_error_ns;
    }
    return 0;
}

/* ---- Under the lock ---- */

static struct penalty *find(const struct penalties *p, const struct ip_network *network)
{
    struct network_entry *entry = network_table_find(&p->table, network);
    return entry ? CONTAINER_OF(entry, struct penalty, entry) : NULL;
}

static uint64_t left_of(const struct penalty *penalty, uint64_t now_ns)
{
    return penalty && penalty->entry.end.at_ns > now_ns ? penalty->entry.end.at_ns - now_ns : 0;
}

static bool is_refused(const struct penalty *penalty, uint64_t now_ns)
{
    return penalty && penalty->refuses && left_of(penalty, now_ns) > 0;
}

/* Penalties that have expired but are not forgotten yet count as zero. NULL: no room. */
static struct penalty *charge_network(struct penalties *p, const struct limits_settings *limits,
                                      const struct ip_network *network, uint64_t now_ns,
                                      uint64_t *cost_ns)
{
    struct penalty *penalty = find(p, network);
    uint64_t left = left_of(penalty, now_ns);
    uint64_t sum = min_u64(left + *cost_ns, limits->penalty_max_ns);
    *cost_ns = sum > left ? sum - left : 0; /* the maximum may have been lowered */
    if (penalty) {
        if (left == 0) {
            penalty->refuses = false;
            penalty->refused = 0;
        }
        network_table_set_end(&p->table, &penalty->entry, now_ns + left + *cost_ns);
        return penalty;
    }
    struct network_entry *entry =
        network_table_add(&p->table, network, now_ns + sum, limits->penalty_addresses);
    return entry ? CONTAINER_OF(entry, struct penalty, entry) : NULL;
}

/* ---- Any thread ---- */

size_t penalties_add(struct penalties *p, const struct limits_settings *limits,
                     const struct ip_address *address, enum offence offence, uint64_t now_ns,
                     struct penalty_charge *charge, struct penalty_change changes[NETWORKS_MAX])
{
    struct networks networks = networks_of(address);
    uint64_t cost = min_u64(cost_of(limits, offence), limits->penalty_max_ns);
    size_t changed = 0;
    bool refused = false;
    *charge = (struct penalty_charge){.at_ns = now_ns};
    if (cost == 0 || penalties_exempt(limits, address))
        return 0;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < networks.count && !refused; i++) {
        refused = is_refused(find(p, &networks.at[i]), now_ns);
        charge->cost_ns[i] = cost / networks.weight[i];
        struct penalty *penalty =
            charge_network(p, limits, &networks.at[i], now_ns, &charge->cost_ns[i]);
        uint64_t left = left_of(penalty, now_ns);
        if (!penalty || penalty->refuses || left <= limits->penalty_min_ns)
            continue;
        penalty->refuses = true;
        changes[changed++] = (struct penalty_change){.network = networks.at[i], .left_ns = left};
    }
    pthread_mutex_unlock(&p->lock);
    return changed;
}

void penalties_refund(struct penalties *p, const struct ip_address *address,
                      const struct penalty_charge *charge, uint64_t now_ns)
{
    struct networks networks = networks_of(address);
    uint64_t passed = now_ns > charge->at_ns ? now_ns - charge->at_ns : 0;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < networks.count; i++) {
        struct penalty *penalty = find(p, &networks.at[i]);
        uint64_t left = left_of(penalty, now_ns), cost = charge->cost_ns[i];
        uint64_t refund = min_u64(left, cost > passed ? cost - passed : 0);
        if (refund > 0)
            network_table_set_end(&p->table, &penalty->entry, now_ns + left - refund);
    }
    pthread_mutex_unlock(&p->lock);
}

bool penalties_refuse(struct penalties *p, const struct limits_settings *limits,
                      const struct ip_address *address, uint64_t now_ns)
{
    struct networks networks = networks_of(address);
    bool refused = false;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < networks.count && !refused && p->table.count > 0; i++) {
        struct penalty *penalty = find(p, &networks.at[i]);
        refused = is_refused(penalty, now_ns) && !penalties_exempt(limits, address);
        if (refused)
            penalty->refused++;
    }
    pthread_mutex_unlock(&p->lock);
    return refused;
}

uint64_t penalties_left(struct penalties *p, const struct ip_address *address, uint64_t now_ns)
{
    struct networks networks = networks_of(address);
    pthread_mutex_lock(&p->lock);
    uint64_t left = networks.count ? left_of(find(p, &networks.at[0]), now_ns) : 0;
    pthread_mutex_unlock(&p->lock);
    return left;
}

bool penalties_expire(struct penalties *p, uint64_t now_ns, struct penalty_change *change)
{
    struct network_entry *entry;
    bool changed = false;
    pthread_mutex_lock(&p->lock);
    while (!changed && (entry = network_table_ended(&p->table, now_ns)) != NULL) {
        const struct penalty *penalty = CONTAINER_OF(entry, struct penalty, entry);
        changed = penalty->refuses;
        *change = (struct penalty_change){.network = entry->network, .refused = penalty->refused};
        network_table_remove(&p->table, entry);
    }
    pthread_mutex_unlock(&p->lock);
    return changed;
}
