/* The safe-prime groups 14 to 18 of RFC 3526 sections 3 to 7; the generator is 2 in all of them.
 * The library knows the primes; here they become bytes, once. */
#include <openssl/bn.h>

#include "base/mem.h"
#include "crypto/context.h"

static const struct {
    uint32_t bits;
    BIGNUM *(*prime)(BIGNUM *number);
} sources[KEX_GROUP_COUNT] = {
    {2048, BN_get_rfc3526_prime_2048}, {3072, BN_get_rfc3526_prime_3072},
    {4096, BN_get_rfc3526_prime_4096}, {6144, BN_get_rfc3526_prime_6144},
    {8192, BN_get_rfc3526_prime_8192},
};

sally_error kex_groups_init(struct crypto *c)
{
    uint8_t *at = c->primes, *end = c->primes + sizeof c->primes;
    for (size_t i = 0; i < KEX_GROUP_COUNT; i++) {
        size_t size = sources[i].bits / 8;
        BIGNUM *number = sources[i].prime(NULL);
        bool ok = number && (size_t)(end - at) >= size &&
                  (uint32_t)BN_num_bits(number) == sources[i].bits && BN_bn2bin(number, at) > 0;
        BN_free(number);
        if (!ok)
            return SALLY_E_CRYPTO;
        c->groups[i] = (struct kex_group){at, size, 2, sources[i].bits};
        at += size;
    }
    return SALLY_E_OK;
}

const struct kex_group *kex_group_find(const struct crypto *c, uint32_t min, uint32_t wanted,
                                       uint32_t max)
{
    if (min > wanted || wanted > max) /* RFC 4419 section 3: min <= n <= max */
        return NULL;
    const struct kex_group *best = NULL;
    for (size_t i = 0; i < COUNT_OF(c->groups); i++) {
        if (c->groups[i].bits < min || c->groups[i].bits > max)
            continue;
        best = &c->groups[i];
        if (best->bits >=
            wanted) /* the smallest of at least the requested size, otherwise the largest */
            break;
    }
    return best;
}
