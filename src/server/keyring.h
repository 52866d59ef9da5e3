/* The host keys, best first, one per type. Never changes once made: adding one makes another ring.
 */
#ifndef SALLY_SERVER_KEYRING_H
#define SALLY_SERVER_KEYRING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/keys.h"

struct keyring {
    _Atomic uint32_t refs;
    size_t count;
    sally_key *keys[]; /* held */
};

/* A copy of `old` (NULL: empty) with `key` in place of the one of its type; NULL: out of memory. */
struct keyring *keyring_with(const struct keyring *old, sally_key *key);
/* Whether there is a key of this type ("ssh-rsa"); and one for any of these signature algorithms.
 * NULL is allowed. */
bool keyring_has_type(const struct keyring *ring, const char *type);
bool keyring_can_sign(const struct keyring *ring, const char *algorithms);
struct keyring *keyring_ref(struct keyring *ring); /* NULL is allowed */
void keyring_unref(struct keyring *ring);

#endif
