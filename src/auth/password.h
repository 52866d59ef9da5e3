/* A user's password as it is kept: as the given crypt(3) hash or, if given as plain text, as a
 * digest under a key that only this process has, so that neither a core dump nor a log can reveal
 * it. */
#ifndef SALLY_AUTH_PASSWORD_H
#define SALLY_AUTH_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/hash.h"

#define PASSWORD_KEY_SIZE    32
#define PASSWORD_DIGEST_SIZE 32

struct password_context {  /* one for each authenticator */
    struct crypto *crypto; /* held */
    uint8_t key[PASSWORD_KEY_SIZE];
};

sally_error password_context_init(struct password_context *context);
void password_context_clear(struct password_context *context);

struct password {
    bool set;
    char *hash; /* for crypt(3); NULL: digest counts */
    uint8_t digest[PASSWORD_DIGEST_SIZE];
};

/* `text`: a hash if it looks like one, otherwise plain text. SALLY_E_INVALID: empty, too long, a
 * broken hash, or what shadow(5) has in the place of a hash to lock an account;
 * SALLY_E_UNSUPPORTED: a hash of a kind that is too weak. */
sally_error password_init(struct password *out, const struct password_context *context,
                          const char *text);
/* Whether `text` is a complete hash of a supported type. */
bool password_is_hash(const char *text);
/* Whether `given` is the password that `hash` is of, a hash as above. */
bool password_matches_hash(const char *given, const char *hash);
/* Whether it could be a password at all: libcrypt does not accept longer ones. */
bool password_has_length(const char *given);
void password_clear(struct password *password);

/* How long a check takes, to be compared: 0 for a clear password. */
uint64_t password_cost(const struct password *password);
/* Whether checks of the two take the same time: clear ones, or hashes of one kind with the same
 * parameters. */
bool password_same_cost(const struct password *a, const struct password *b);

/* Whether `given` is the password. `password` may be NULL (an unknown user) or not set: false.
 * `decoys`: a password of each cost in use. One hash of each of these costs is computed for every
 * user, with the user's own hash instead of the decoy of its cost. */
bool password_verify(const struct password *password, const struct password *const decoys[],
                     size_t decoy_count, const struct password_context *context, const char *given);

#endif
