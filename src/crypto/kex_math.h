/* What one kind of key exchange implements behind kex_method.h. */
#ifndef SALLY_CRYPTO_KEX_MATH_H
#define SALLY_CRYPTO_KEX_MATH_H

#include "crypto/context.h"
#include "crypto/kex_method.h"

struct kex_row;

/* The arguments are those of kex_method.h. */
struct kex_math {
    sally_error (*begin)(struct crypto *c, const struct kex_row *row, const struct kex_group *group,
                         const struct random_source *random, struct kex_ephemeral **out,
                         struct buf *ours);
    sally_error (*finish)(struct kex_ephemeral *e, struct slice peer, struct buf *secret);
    void (*destroy)(struct kex_ephemeral *e);
    /* NULL if the server does the same as the client: begin, then finish. */
    sally_error (*respond)(struct crypto *c, const struct kex_row *row,
                           const struct random_source *random, struct slice peer, struct buf *ours,
                           struct buf *secret);
};

/* The first member of every kind's own struct. */
struct kex_ephemeral {
    const struct kex_math *math;
    struct crypto *crypto;
};

struct kex_row {
    struct kex_method method;
    const struct kex_math *math;
    uint32_t parameter; /* bits of the curve or of the group; 0: none, or given with the call */
};

extern const struct kex_math kex_x25519_math, kex_ecdh_math, kex_dh_math;

#endif
