/* Users that stand in for unknown users and for those who cannot log in this way, so that each
 * answer takes the same work. */
#ifndef SALLY_AUTH_DECOYS_H
#define SALLY_AUTH_DECOYS_H

#include "auth/listed_user.h"

/* How many different costs of password hashes are kept. Each attempt computes a hash of each. */
#define DECOYS_MAX_COSTS 8

/* All of them are held. */
struct decoys {
    /* one of each cost; if too many, the most expensive */
    struct listed_user *password[DECOYS_MAX_COSTS];
    size_t password_count;
    struct listed_user *keys; /* has keys in memory; NULL: no user has */
    /* has keys in as many files as any user; NULL: no user has any */
    struct listed_user *keys_files;
};

/* Adds decoys for what this user has and no decoy has yet. */
void decoys_offer(struct decoys *decoys, struct listed_user *account);
/* How many files to check for every user. */
size_t decoys_keys_file_count(const struct decoys *decoys);
bool decoys_have(const struct decoys *decoys, const struct listed_user *account);
void decoys_copy(struct decoys *to, const struct decoys *from);
void decoys_clear(struct decoys *decoys);

#endif
