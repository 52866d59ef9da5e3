/* Accounts of a bounded resource, such as bytes of memory or open files. What a connection uses is
 * charged to its own account, to that of its user (before login, of its address), and to that of
 * the server. If one of them has no room, the charge is refused, and the setting that limits it is
 * named.
 *
 * The accounts of users and of the server are shared by threads. A connection's account is touched
 * by its loop only, and draws from the shared ones in advance, in larger steps: frequent charges
 * and releases do not touch memory that threads share. */
#ifndef SALLY_CORE_ACCOUNT_H
#define SALLY_CORE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a user, or the server. Any thread; relaxed atomics suffice, since they publish nothing else.
 */
struct account {
    _Atomic uint64_t used;
    _Atomic uint64_t limit;     /* 0: half of the parent's; without a parent, none */
    _Atomic uint64_t overdraft; /* see local_account_force() */
    struct account *parent;     /* NULL: none */
    const char *setting;        /* that limits it */
};

void account_init(struct account *a, struct account *parent, const char *setting);
void account_set_limit(struct account *a, uint64_t limit);
uint64_t account_used(const struct account *a);
uint64_t account_limit(const struct account *a); /* 0, or NULL: none */

/* Charges the account and those above it. Returns NULL, or the setting that refuses the charge, and
 * then nothing has changed. */
const char *account_charge(struct account *a, uint64_t amount);
void account_release(struct account *a, uint64_t amount);

/* Of a connection, for memory. One thread only. Without a shared account only its own limit
 * applies. A new one is all zero, except `setting`. */
struct local_account {
    struct account *shared; /* NULL: none */
    const char *setting;    /* that limits it */
    uint64_t limit;         /* 0: none */
    uint64_t used;
    uint64_t drawn;         /* from the shared accounts; at least `used` */
    uint64_t overdraft;     /* of what was drawn: beyond the limits */
    const char *refused_by; /* setting that has refused a charge since local_account_recall();
                               NULL: none */
    bool has_released;      /* anything, since then */
};

/* NULL: charged. Otherwise the setting that refuses. Each user's first 4 MiB are always granted. */
const char *local_account_charge(struct local_account *a, uint64_t amount);
/* The same for optional charges: it leaves half of each shared account (a quarter of the
 * connection's own) to others, and may take 1/`part` of the rest: the larger `part`, the more
 * remains for later charges. */
const char *local_account_charge_part(struct local_account *a, uint64_t amount, uint32_t part);
/* Always charges, beyond the limits if necessary: for memory that is already in use, or without
 * which nothing could be released. */
static inline void local_account_force(struct local_account *a, uint64_t amount);
void local_account_release(struct local_account *a, uint64_t amount);
/* Changes a charge of `*held` to `amount`, regardless of the limits. */
void local_account_adjust(struct local_account *a, uint64_t *held, uint64_t amount);

/* Whether `amount` could be charged now. If not, the refusal is noted. NULL: no limits. */
static inline bool local_account_has_room(struct local_account *a, uint64_t amount);
/* Whether a session that has nothing in progress may force a charge, so that it can do anything at
 * all: each user has a reserve for that. */
bool local_account_has_reserve(const struct local_account *a);
/* Whether little room is left, so that memory not needed now should be released. */
bool local_account_is_tight(const struct local_account *a);

/* Gives back what was drawn in advance, when the connection is idle. */
void local_account_settle(struct local_account *a);
/* Moves all charges to `shared`, even beyond its limits. */
void local_account_move(struct local_account *a, struct account *shared);
/* Forgets earlier refusals, before refused charges are tried again. */
void local_account_recall(struct local_account *a);

/* ---- The fast path of every operation: usually enough is drawn ---- */

void local_account_force_beyond_drawn(struct local_account *a, uint64_t amount);
bool local_account_find_room(struct local_account *a, uint64_t amount);

static inline void local_account_force(struct local_account *a, uint64_t amount)
{
    if (a->used + amount <= a->drawn)
        a->used += amount;
    else
        local_account_force_beyond_drawn(a, amount);
}

static inline bool local_account_has_room(struct local_account *a, uint64_t amount)
{
    bool is_drawn = !a || (a->used + amount <= a->drawn && a->drawn <= a->limit);
    return is_drawn || local_account_find_room(a, amount);
}

#endif
