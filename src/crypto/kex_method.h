/* The mathematics of key exchange: a table of methods, each one a pair of functions over bytes. */
#ifndef SALLY_CRYPTO_KEX_METHOD_H
#define SALLY_CRYPTO_KEX_METHOD_H

#include "base/buf.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"

enum kex_family {
    KEX_ECDH, /* messages 30/31 with strings: curve25519, NIST curves; later the post-quantum
                 hybrids */
    KEX_DH,   /* messages 30/31 with mpints: fixed groups (RFC 4253, 8268) */
    KEX_GEX   /* messages 30 to 34: the group comes first (RFC 4419) */
};

struct kex_method {
    const char *name;
    enum kex_family family;
    enum hash_id hash;
    bool secret_is_string; /* K is hashed as a string (hybrids), not as an mpint */
    bool in_default;
};

const struct kex_method *kex_method_at(size_t index); /* best first; NULL after the last one */
const struct kex_method *kex_method_find(struct slice name);

struct kex_group { /* for DH and GEX */
    const uint8_t *p;
    size_t p_size;
    uint32_t generator;
    uint32_t bits;
};
/* A known safe-prime group whose size fits [min, max] and is nearest to `wanted` bits (RFC 4419
 * section 3; groups 14 to 18 of RFC 3526); NULL if there is none. Owned by the context. */
const struct kex_group *kex_group_find(const struct crypto *c, uint32_t min, uint32_t wanted,
                                       uint32_t max);

/* The server's half (and the client's second half): from the peer's public value to ours and the
 * shared secret. `peer` is the raw string or the mpint's magnitude. `ours` and `secret` (a secret
 * buf) get the raw bytes: string contents, or big-endian magnitude. `group` is for GEX, otherwise
 * NULL. Refuses peers' values outside the group, all-zero X25519 results, points off the curve:
 * SALLY_E_PROTOCOL. */
sally_error kex_respond(struct crypto *c, const struct kex_method *m, const struct kex_group *group,
                        const struct random_source *random, struct slice peer, struct buf *ours,
                        struct buf *secret);

/* The client's first half: a key pair, and later the secret. */
struct kex_ephemeral;
sally_error kex_begin(struct crypto *c, const struct kex_method *m, const struct kex_group *group,
                      const struct random_source *random, struct kex_ephemeral **out,
                      struct buf *ours);
sally_error kex_finish(struct kex_ephemeral *e, struct slice peer, struct buf *secret);
void kex_ephemeral_free(struct kex_ephemeral *e);

#endif
