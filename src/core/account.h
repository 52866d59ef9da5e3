/* Accounts of a bounded resource, such as bytes of memory or open files. What a connection uses is
 * charged to its own account, to that of its user (before the login: of its address), and to that
 * of the server. A charge that one of them has no room for is refused, and its setting is named.
 *
 * The accounts of users and of the server are shared by threads. A connection's account is touched
 * by its loop only, and draws from the shared ones in advance, in larger steps: what is charged and
 * released all the time costs no access to memory that threads share. */
#ifndef SALLY_CORE_ACCOUNT_H
#define SALLY_CORE_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a user, or the server. Any thread; relaxed accesses suffice, since nothing else is published
 * by them. */
struct account {
    _Atomic uint64_t used;
    _Atomic uint64_t limit;     /* 0: none */
    _Atomic uint64_t overdraft; /* see local_account_force() */
    struct account *parent;     /* NULL: none */
    const char *setting;        /* that limits it */
};

void account_init(struct account *a, struct account *parent, const char *setting);
void account_set_limit(struct account *a, uint64_t limit);
uint64_t account_used(const struct account *a);
uint64_t account_limit(const struct account *a); /* NULL: 0 */

/* Charges the account and those above it. Returns NULL, or the setting that refuses: then nothing
 * has changed. */
const char *account_charge(struct account *a, uint64_t amount);
void account_release(struct account *a, uint64_t amount);

/* Of a connection, for memory. One thread only. Without a shared account it has no limits above its
 * own. All zero but `setting` will do for a new one. */
struct local_account {
    struct account *shared; /* NULL: none */
    const char *setting;    /* that limits it */
    uint64_t limit;         /* 0: none */
    uint64_t used;
    uint64_t drawn;         /* from the shared accounts; at least `used` */
    uint64_t overdraft;     /* of what was drawn: beyond the limits */
    const char *refused_by; /* setting that has refused something since local_account_recall();
                               NULL: none */
    bool has_released;      /* something, since then */
};

/* NULL: charged. Otherwise the setting that refuses. However much others use, the server does not
 * refuse a user the first 4 MiB. */
const char *local_account_charge(struct local_account *a, uint64_t amount);
/* The same for what can do with less: it is refused when it would take more than an eighth of what
 * is left to a shared account, so that much is left for those who come later. */
const char *local_account_charge_sparingly(struct local_account *a, uint64_t amount);
/* Charges in any case, beyond the limits if it must be: for what has happened already, or must
 * happen for anything to be released. */
void local_account_force(struct local_account *a, uint64_t amount);
void local_account_release(struct local_account *a, uint64_t amount);
/* Makes a charge of `*held` one of `amount`, whatever the limits say. */
void local_account_adjust(struct local_account *a, uint64_t *held, uint64_t amount);

/* Whether so much could be charged now. If not, the refusal is noted. NULL: no limits. */
bool local_account_has_room(struct local_account *a, uint64_t amount);
/* Whether somebody who has nothing under way may force a charge to get anywhere at all: each user
 * has a reserve for that, however much others use. */
bool local_account_has_reserve(const struct local_account *a);
/* Little room is left: what is not needed now should be released. */
bool local_account_is_tight(const struct local_account *a);

/* Returns what was drawn in advance: its owner is idle. */
void local_account_settle(struct local_account *a);
/* What is charged to it is charged to `shared` from now on, even beyond its limits. */
void local_account_move(struct local_account *a, struct account *shared);
/* Forgets the refusals so far: what was refused is about to be tried again. */
void local_account_recall(struct local_account *a);

#endif
