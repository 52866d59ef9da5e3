#include "server/unauthenticated_places.h"

#include "server/unauthenticated_early_drop.h"

/* `percent` of a number, rounded up. */
static uint64_t part_of(uint64_t all, uint32_t percent)
{
    return all / 100 * percent + (all % 100 * percent + 99) / 100;
}

/* One more than `held`, relative to the average of all holders. */
static double share_of(const struct unauthenticated_places *s, uint64_t held, uint64_t holders)
{
    return s->open ? (double)(held + 1) * (double)holders / (double)s->open : 1;
}

static double drop_chance(const struct unauthenticated_places *s, const struct early_drop *drop,
                          const struct address_usage *address)
{
    double chance = early_drop_chance(drop, s->open), share = 1;
    for (const struct address_usage *a = address; a; a = a->around) {
        double here = 1;
        if (a == address)
            here = share_of(s, a->unauthenticated, s->addresses);
        else if (!a->around)
            here = share_of(s, a->unauthenticated, s->networks);
        share = here < share ? here : share;
    }
    return chance * share;
}

static bool is_over_share(const struct address_usage *address, uint64_t left)
{
    for (const struct address_usage *a = address; a; a = a->around)
        if (a->unauthenticated / a->weight >= left)
            return true;
    return false;
}

/* Under the lock, like everything below. Takes a reserved place, to which limits of the networks
 * around the address do not apply. */
static bool may_use_reserve(const struct unauthenticated_places *s,
                            const struct address_usage *address, uint64_t reserve)
{
    return address && s->reserved < reserve && address->reserved < reserve - s->reserved;
}

static const char *refuse_open(const struct unauthenticated_places *s,
                               const struct limits_settings *limits,
                               const struct address_usage *address, uint64_t full,
                               const struct random_source *random)
{
    const struct early_drop drop = {part_of(full, limits->unauthenticated_start), full,
                                    limits->unauthenticated_rate};
    if (s->open >= full)
        return "limits.unauthenticated";
    if (s->open < drop.start || !address)
        return NULL;
    if (is_over_share(address, full - s->open))
        return "limits.unauthenticated_start";
    return early_drop_happens(drop_chance(s, &drop, address), random)
               ? "limits.unauthenticated_rate"
               : NULL;
}

static void claim(struct unauthenticated_places *s, struct address_usage *address,
                  bool from_reserve)
{
    s->open += !from_reserve;
    s->reserved += from_reserve;
    if (address) {
        address->reserved += from_reserve;
        s->addresses += address->unauthenticated == 0;
    }
    for (struct address_usage *a = address; a; a = a->around)
        if (a->unauthenticated++ == 0 && !a->around)
            s->networks++;
}

static const char *enter(struct unauthenticated_places *s, const struct limits_settings *limits,
                         struct address_usage *address, bool is_known,
                         const struct random_source *random)
{
    uint64_t most = limits->unauthenticated_per_address, all = limits->unauthenticated;
    if (address && most && address->unauthenticated >= most)
        return "limits.unauthenticated_per_address";
    uint64_t reserve = all ? all - part_of(all, 100 - limits->unauthenticated_reserve) : 0;
    bool from_reserve = is_known && may_use_reserve(s, address, reserve);
    const char *refused =
        all && !from_reserve ? refuse_open(s, limits, address, all - reserve, random) : NULL;
    if (!refused)
        claim(s, address, from_reserve);
    return refused;
}

const char *unauthenticated_places_enter(struct unauthenticated_places *s,
                                         struct usage_table *addresses,
                                         const struct limits_settings *limits,
                                         struct address_usage *address, bool is_known,
                                         const struct random_source *random)
{
    pthread_mutex_lock(&addresses->lock);
    const char *refused = enter(s, limits, address, is_known, random);
    pthread_mutex_unlock(&addresses->lock);
    return refused;
}

/* It does not matter which connections of an address hold reserved places: the first ones to leave
 * free those. */
void unauthenticated_places_leave(struct unauthenticated_places *s, struct usage_table *addresses,
                                  struct address_usage *address)
{
    pthread_mutex_lock(&addresses->lock);
    bool from_reserve = address && address->reserved > 0;
    s->open -= !from_reserve;
    s->reserved -= from_reserve;
    if (address)
        address->reserved -= from_reserve;
    for (struct address_usage *a = address; a; a = a->around)
        if (--a->unauthenticated == 0 && !a->around)
            s->networks--;
    if (address)
        s->addresses -= address->unauthenticated == 0;
    pthread_mutex_unlock(&addresses->lock);
}
