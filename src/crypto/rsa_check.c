/* Do the numbers of an RSA key belong together (RFC 8017 section 3.2)? Whether the factors are
 * prime is not asked: it takes seconds, and a key that is not its owner's own work is lost anyway.
 * A trial signature would not do: the library recovers from one wrong number with the help of the
 * others, and we would save the wrong one. */
#include <openssl/core_names.h>

#include "base/mem.h"
#include "crypto/key_type.h"

enum { N, E, D, P, Q, D_MOD_P, D_MOD_Q, Q_INVERSE, NUMBER_COUNT };

static const char *const names[NUMBER_COUNT] = {
    [N] = OSSL_PKEY_PARAM_RSA_N,
    [E] = OSSL_PKEY_PARAM_RSA_E,
    [D] = OSSL_PKEY_PARAM_RSA_D,
    [P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
    [D_MOD_P] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [D_MOD_Q] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
    [Q_INVERSE] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

/* exponent = d mod (prime - 1), and e * d = 1 mod (prime - 1) */
static bool exponent_agrees(BIGNUM *const *k, const BIGNUM *prime, const BIGNUM *exponent,
                            BIGNUM *t, BIGNUM *minus_1, BN_CTX *scratch)
{
    return BN_copy(minus_1, prime) && BN_sub_word(minus_1, 1) == 1 &&
           BN_mod(t, k[D], minus_1, scratch) == 1 && BN_cmp(t, exponent) == 0 &&
           BN_mod_mul(t, k[E], exponent, minus_1, scratch) == 1 && BN_is_one(t);
}

static bool numbers_agree(BIGNUM *const *k, BN_CTX *scratch)
{
    BN_CTX_start(scratch);
    BIGNUM *t = BN_CTX_get(scratch), *minus_1 = BN_CTX_get(scratch);
    bool ok = minus_1 && BN_num_bits(k[P]) > 1 && BN_num_bits(k[Q]) > 1 &&
              BN_mul(t, k[P], k[Q], scratch) == 1 && BN_cmp(t, k[N]) == 0 &&
              BN_mod_mul(t, k[Q], k[Q_INVERSE], k[P], scratch) == 1 && BN_is_one(t) &&
              exponent_agrees(k, k[P], k[D_MOD_P], t, minus_1, scratch) &&
              exponent_agrees(k, k[Q], k[D_MOD_Q], t, minus_1, scratch);
    BN_CTX_end(scratch);
    return ok;
}

bool rsa_numbers_agree(struct crypto *c, const EVP_PKEY *pkey)
{
    BIGNUM *k[NUMBER_COUNT] = {NULL};
    BN_CTX *scratch = BN_CTX_secure_new_ex(c->lib);
    bool ok = scratch != NULL;
    for (size_t i = 0; i < COUNT_OF(k) && ok; i++)
        ok = EVP_PKEY_get_bn_param(pkey, names[i], &k[i]) == 1;
    ok = ok && numbers_agree(k, scratch);
    for (size_t i = 0; i < COUNT_OF(k); i++)
        BN_clear_free(k[i]);
    BN_CTX_free(scratch);
    return ok;
}
