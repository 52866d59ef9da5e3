/* Diffie-Hellman modulo a safe prime: the fixed groups (RFC 4253 section 8, RFC 8268) and group
 * exchange (RFC 4419). */
#include <openssl/bn.h>

#include "base/mem.h"
#include "crypto/kex_math.h"

/* Twice the strength of the strongest hash and cipher, 256 bits; RFC 4419 section 6.2 allows short
 * exponents. */
#define EXPONENT_SIZE 64
#define BITS_MIN      2048
#define BITS_MAX      16384 /* of a group that a server offers */

struct dh {
    struct kex_ephemeral base;
    BN_CTX *scratch;
    BN_MONT_CTX *mont;
    BIGNUM *p, *p_minus_1, *exponent;
    size_t size; /* bytes of p */
};

static void destroy(struct kex_ephemeral *e)
{
    struct dh *x = (struct dh *)e;
    BN_clear_free(x->exponent);
    BN_free(x->p_minus_1);
    BN_free(x->p);
    BN_MONT_CTX_free(x->mont);
    BN_CTX_free(x->scratch);
    crypto_unref(e->crypto);
    mem_free(x);
}

/* Ours are safe; a client must also check the groups that it is offered. */
static bool group_is_usable(const struct kex_group *group)
{
    return group->bits >= BITS_MIN && group->bits <= BITS_MAX &&
           group->p_size == (group->bits + 7) / 8 && group->p[0] >> (group->bits - 1) % 8 == 1 &&
           group->p[group->p_size - 1] % 2 == 1 && group->generator > 1;
}

static bool set_group(struct dh *x, const struct kex_group *group)
{
    x->scratch = BN_CTX_new_ex(x->base.crypto->lib);
    x->mont = BN_MONT_CTX_new();
    x->p = BN_bin2bn(group->p, (int)group->p_size, NULL);
    x->p_minus_1 = x->p ? BN_dup(x->p) : NULL;
    x->size = x->p ? (size_t)BN_num_bytes(x->p) : 0;
    return x->scratch && x->mont && x->p_minus_1 && BN_sub_word(x->p_minus_1, 1) == 1 &&
           BN_MONT_CTX_set(x->mont, x->p, x->scratch) == 1;
}

static bool draw_exponent(struct dh *x, const struct random_source *random)
{
    uint8_t bytes[EXPONENT_SIZE];
    if (!random_fill(random, bytes, sizeof bytes))
        return false;
    bytes[0] |= 0x80; /* always of the same length, for constant time */
    x->exponent = BN_bin2bn(bytes, sizeof bytes, NULL);
    mem_wipe(bytes, sizeof bytes);
    if (!x->exponent)
        return false;
    BN_set_flags(x->exponent, BN_FLG_CONSTTIME);
    return true;
}

/* base^exponent mod p into `out`, as many bytes as p has. */
static sally_error power(struct dh *x, const BIGNUM *base, struct buf *out)
{
    BIGNUM *result = BN_new();
    uint8_t *to = buf_extend(out, x->size);
    sally_error error = SALLY_E_CRYPTO;
    if (to && result &&
        BN_mod_exp_mont_consttime(result, base, x->exponent, x->p, x->scratch, x->mont) == 1) {
        /* For our value and the secret: a 1 or a p - 1 would reveal everything. */
        bool degenerate = BN_cmp(result, BN_value_one()) <= 0 || BN_cmp(result, x->p_minus_1) >= 0;
        if (degenerate)
            error = SALLY_E_PROTOCOL;
        else if (BN_bn2binpad(result, to, (int)x->size) >= 0)
            error = SALLY_E_OK;
    }
    BN_clear_free(result);
    return error;
}

static sally_error begin(struct crypto *c, const struct kex_row *row, const struct kex_group *group,
                         const struct random_source *random, struct kex_ephemeral **out,
                         struct buf *ours)
{
    if (row->method.family == KEX_DH)
        group = kex_group_find(c, row->parameter, row->parameter, row->parameter);
    if (!group)
        return SALLY_E_INVALID;
    if (!group_is_usable(group))
        return SALLY_E_PROTOCOL;
    struct dh *x = mem_zalloc(sizeof *x);
    if (!x)
        return SALLY_E_NO_MEMORY;
    x->base.math = &kex_dh_math;
    x->base.crypto = crypto_ref(c);
    *out = &x->base;
    if (!set_group(x, group) || !draw_exponent(x, random))
        return SALLY_E_CRYPTO;
    BIGNUM *generator = BN_new();
    sally_error error = SALLY_E_CRYPTO;
    if (generator && BN_set_word(generator, group->generator) == 1)
        error = power(x, generator, ours);
    BN_free(generator);
    return error;
}

/* RFC 8268 section 4: 1 < e < p - 1. */
static sally_error finish(struct kex_ephemeral *e, struct slice peer, struct buf *secret)
{
    struct dh *x = (struct dh *)e;
    if (peer.size == 0 || peer.size > x->size + 1) /* one more for the sign byte of an mpint */
        return SALLY_E_PROTOCOL;
    BIGNUM *value = BN_bin2bn(peer.data, (int)peer.size, NULL);
    if (!value)
        return SALLY_E_NO_MEMORY;
    sally_error error = SALLY_E_PROTOCOL;
    if (BN_cmp(value, BN_value_one()) > 0 && BN_cmp(value, x->p_minus_1) < 0)
        error = power(x, value, secret);
    BN_free(value);
    return error;
}

const struct kex_math kex_dh_math = {
    .begin = begin,
    .finish = finish,
    .destroy = destroy,
};
