#include "core/account.h"

#include <stddef.h>

#include "core/counters.h"

/* How much a connection draws in advance at a time; from twice that on, it gives some back. */
#define STEP ((uint64_t)64 * 1024)
/* What is drawn in advance is at most this part of what is left. */
#define ADVANCE_PART 8
/* What a user may use beyond the limits: a dozen of the largest replies. */
#define RESERVE ((uint64_t)4 * 1024 * 1024)
/* What each user may use even if others have used up everything: a few sessions, with the buffers
 * of busy connections. */
#define MINIMUM ((uint64_t)4 * 1024 * 1024)
/* Optional charges leave this part of the total, for those who cannot do without. */
#define SPARED_PART 2
/* The same for a connection's own account, which its few channels share. */
#define SPARED_OF_OWN 4
/* An account is tight when less than this part of it is left. */
#define TIGHT_PART 8

void account_init(struct account *a, struct account *parent, const char *setting)
{
    atomic_init(&a->used, 0);
    atomic_init(&a->limit, 0);
    atomic_init(&a->overdraft, 0);
    a->parent = parent;
    a->setting = setting;
}

static uint64_t get(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void account_set_limit(struct account *a, uint64_t limit)
{
    atomic_store_explicit(&a->limit, limit, memory_order_relaxed);
}

static uint64_t limit_of(const struct account *a)
{
    uint64_t limit = get(&a->limit);
    return limit == 0 && a->parent ? get(&a->parent->limit) / 2 : limit;
}

uint64_t account_used(const struct account *a)
{
    return get(&a->used);
}

uint64_t account_limit(const struct account *a)
{
    return a ? limit_of(a) : 0;
}

static uint64_t left_in(const struct account *a)
{
    uint64_t limit = limit_of(a), used = get(&a->used);
    if (limit == 0)
        return UINT64_MAX;
    return used < limit ? limit - used : 0;
}

const char *account_charge(struct account *a, uint64_t amount)
{
    for (struct account *at = a; at; at = at->parent) {
        if (counter_add_below(&at->used, amount, limit_of(at)))
            continue;
        for (struct account *undo = a; undo != at; undo = undo->parent)
            counter_sub(&undo->used, amount);
        return at->setting;
    }
    return NULL;
}

void account_release(struct account *a, uint64_t amount)
{
    for (; a; a = a->parent)
        counter_sub(&a->used, amount);
}

static void charge_anyhow(struct account *a, uint64_t amount)
{
    for (; a; a = a->parent)
        counter_add(&a->used, amount);
}

/* ---- A connection's ---- */

/* The setting that has no room for the amount; NULL: there is room. Another thread may take it
 * first. */
static const char *find_refusal(const struct account *a, uint64_t amount)
{
    for (; a; a = a->parent)
        if (left_in(a) < amount)
            return a->setting;
    return NULL;
}

/* The same for at most 1/`part` of what is left beside what is spared. */
static const char *find_refusal_of_part(const struct account *a, uint64_t amount, uint64_t part)
{
    for (; a; a = a->parent) {
        uint64_t left = left_in(a), spared = limit_of(a) / SPARED_PART;
        if (left < spared || (left - spared) / part < amount)
            return a->setting;
    }
    return NULL;
}

static uint64_t missing(const struct local_account *a, uint64_t amount)
{
    return a->used + amount > a->drawn ? a->used + amount - a->drawn : 0;
}

static bool exceeds_own(const struct local_account *a, uint64_t amount)
{
    return a->limit && (a->used > a->limit || amount > a->limit - a->used);
}

/* Draws what is missing for `amount` more, and a little in advance if that does not harm others. */
static const char *draw(struct local_account *a, uint64_t amount)
{
    uint64_t need = missing(a, amount);
    if (need == 0 || !a->shared) {
        a->drawn += need;
        return NULL;
    }
    uint64_t more = need + STEP;
    if (find_refusal_of_part(a->shared, more, ADVANCE_PART) || account_charge(a->shared, more)) {
        more = need;
        const char *refusal = account_charge(a->shared, more);
        if (refusal)
            return refusal;
    }
    a->drawn += more;
    return NULL;
}

static const char *refuse(struct local_account *a, const char *setting)
{
    if (!a->refused_by)
        a->has_released = false;
    a->refused_by = setting;
    return setting;
}

/* Whether the user has so little that the limits above do not apply. */
static bool is_within_minimum(const struct local_account *a, uint64_t need)
{
    return a->shared && a->shared->parent && account_used(a->shared) + need <= MINIMUM &&
           need <= left_in(a->shared);
}

static bool draw_minimum(struct local_account *a, uint64_t amount)
{
    uint64_t need = missing(a, amount);
    if (!is_within_minimum(a, need))
        return false;
    charge_anyhow(a->shared, need);
    a->drawn += need;
    return true;
}

const char *local_account_charge(struct local_account *a, uint64_t amount)
{
    const char *refusal = exceeds_own(a, amount) ? a->setting : draw(a, amount);
    if (refusal && (refusal == a->setting || !draw_minimum(a, amount)))
        return refuse(a, refusal);
    a->used += amount;
    return NULL;
}

const char *local_account_charge_part(struct local_account *a, uint64_t amount, uint32_t part)
{
    if (exceeds_own(a, amount + a->limit / SPARED_OF_OWN))
        return a->setting;
    const char *refusal = find_refusal_of_part(a->shared, missing(a, amount), part);
    if (!refusal)
        refusal = draw(a, amount);
    if (!refusal)
        a->used += amount;
    return refusal;
}

void local_account_force_beyond_drawn(struct local_account *a, uint64_t amount)
{
    if (draw(a, amount) && !draw_minimum(a, amount)) {
        uint64_t more = missing(a, amount);
        charge_anyhow(a->shared, more);
        counter_add(&a->shared->overdraft, more);
        a->overdraft += more;
        a->drawn += more;
    }
    a->used += amount;
}

static void give_back(struct local_account *a, uint64_t amount)
{
    a->drawn -= amount;
    if (a->shared)
        account_release(a->shared, amount);
}

void local_account_release(struct local_account *a, uint64_t amount)
{
    a->used -= amount;
    a->has_released |= amount > 0;
    if (a->overdraft) {
        uint64_t repaid = amount < a->overdraft ? amount : a->overdraft;
        counter_sub(&a->shared->overdraft, repaid);
        a->overdraft -= repaid;
        give_back(a, repaid);
    }
    uint64_t spare = a->drawn - a->used;
    if (spare >= 2 * STEP)
        give_back(a, spare - STEP);
}

void local_account_adjust(struct local_account *a, uint64_t *held, uint64_t amount)
{
    if (amount > *held)
        local_account_force(a, amount - *held);
    else if (amount < *held)
        local_account_release(a, *held - amount);
    *held = amount;
}

bool local_account_find_room(struct local_account *a, uint64_t amount)
{
    const char *refusal = a->setting;
    if (!exceeds_own(a, amount)) {
        uint64_t need = missing(a, amount);
        bool has_it = need == 0 || is_within_minimum(a, need);
        refusal = has_it ? NULL : find_refusal(a->shared, need);
    }
    if (refusal)
        refuse(a, refusal);
    return !refusal;
}

bool local_account_has_reserve(const struct local_account *a)
{
    return !a || !a->shared || get(&a->shared->overdraft) < RESERVE;
}

bool local_account_is_tight(const struct local_account *a)
{
    if (!a)
        return false;
    if (a->limit && (a->used >= a->limit || a->limit - a->used < a->limit / TIGHT_PART))
        return true;
    for (const struct account *at = a->shared; at; at = at->parent)
        if (left_in(at) < limit_of(at) / TIGHT_PART)
            return true;
    return false;
}

void local_account_settle(struct local_account *a)
{
    give_back(a, a->drawn - a->used);
}

void local_account_move(struct local_account *a, struct account *shared)
{
    local_account_settle(a);
    charge_anyhow(shared, a->used);
    if (a->shared) {
        counter_sub(&a->shared->overdraft, a->overdraft);
        account_release(a->shared, a->used);
    }
    a->overdraft = 0;
    a->shared = shared;
}

void local_account_recall(struct local_account *a)
{
    a->refused_by = NULL;
    a->has_released = false;
}
