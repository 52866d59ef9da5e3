/* Users that stand in for those that are not known, or cannot log in this way: answering about
 * everybody means the same work. */
#ifndef SALLY_AUTH_DECOYS_H
#define SALLY_AUTH_DECOYS_H

#include "auth/account.h"

/* Costs of passwords in use that are told apart. Each guess costs a hash of each of them. */
#define DECOYS_MAX_COSTS 8

/* All of them are held. */
struct decoys {
    struct account *password[DECOYS_MAX_COSTS]; /* one of each cost; if too many, the dearest */
    size_t password_count;
    struct account *keys;      /* who has keys in memory; NULL: nobody */
    struct account *keys_file; /* who has keys in a file; NULL: nobody */
};

/* For what this user has and no decoy has yet. */
void decoys_offer(struct decoys *decoys, struct account *account);
bool decoys_have(const struct decoys *decoys, const struct account *account);
void decoys_copy(struct decoys *to, const struct decoys *from);
void decoys_clear(struct decoys *decoys);

#endif
