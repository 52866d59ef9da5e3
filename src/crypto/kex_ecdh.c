/* ecdh-sha2-nistp256, -384 and -521 (RFC 5656 section 4). */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/mem.h"
#include "crypto/kex_math.h"

#define FIELD_MAX 66 /* bytes of a coordinate of P-521 */
#define UNCOMPRESSED                                                                               \
    4 /* SEC 1 section 2.3.3: the first byte of a point given by both coordinates */
#define SCALAR_TRIES 128

struct ecdh {
    struct kex_ephemeral base;
    EC_GROUP *group;
    BN_CTX *scratch;
    BIGNUM *scalar;
    size_t field_size;
};

static int curve_of(uint32_t bits)
{
    return bits == 256 ? NID_X9_62_prime256v1 : bits == 384 ? NID_secp384r1 : NID_secp521r1;
}

static void destroy(struct kex_ephemeral *e)
{
    struct ecdh *x = (struct ecdh *)e;
    BN_clear_free(x->scalar);
    BN_CTX_free(x->scratch);
    EC_GROUP_free(x->group);
    crypto_unref(e->crypto);
    mem_free(x);
}

/* A uniformly distributed scalar in [1, order): candidates of the order's length until one is below
 * it. */
static bool draw_scalar(struct ecdh *x, uint32_t bits, const struct random_source *random)
{
    uint8_t candidate[FIELD_MAX];
    bool found = false;
    for (int i = 0; i < SCALAR_TRIES && !found; i++) {
        if (!random_fill(random, candidate, x->field_size))
            break;
        if (bits % 8)
            candidate[0] &= (uint8_t)((1u << bits % 8) - 1);
        if (!BN_bin2bn(candidate, (int)x->field_size, x->scalar))
            break;
        found = !BN_is_zero(x->scalar) && BN_ucmp(x->scalar, EC_GROUP_get0_order(x->group)) < 0;
    }
    mem_wipe(candidate, sizeof candidate);
    return found;
}

static sally_error put_public(struct ecdh *x, struct buf *ours)
{
    size_t size = 1 + 2 * x->field_size;
    EC_POINT *point = EC_POINT_new(x->group);
    uint8_t *to = buf_extend(ours, size);
    bool ok =
        point && to && EC_POINT_mul(x->group, point, x->scalar, NULL, NULL, x->scratch) == 1 &&
        EC_POINT_point2oct(x->group, point, POINT_CONVERSION_UNCOMPRESSED, to, size, x->scratch) ==
            size;
    EC_POINT_free(point);
    return ok ? SALLY_E_OK : SALLY_E_CRYPTO;
}

static sally_error begin(struct crypto *c, const struct kex_row *row, const struct kex_group *group,
                         const struct random_source *random, struct kex_ephemeral **out,
                         struct buf *ours)
{
    (void)group;
    struct ecdh *x = mem_zalloc(sizeof *x);
    if (!x)
        return SALLY_E_NO_MEMORY;
    x->base.math = &kex_ecdh_math;
    x->base.crypto = crypto_ref(c);
    *out = &x->base;
    x->field_size = (row->parameter + 7) / 8;
    x->group = EC_GROUP_new_by_curve_name_ex(c->lib, NULL, curve_of(row->parameter));
    x->scratch = BN_CTX_new_ex(c->lib);
    x->scalar = BN_new();
    if (!x->group || !x->scratch || !x->scalar)
        return SALLY_E_CRYPTO;
    BN_set_flags(x->scalar, BN_FLG_CONSTTIME);
    if (!draw_scalar(x, row->parameter, random))
        return SALLY_E_CRYPTO;
    return put_public(x, ours);
}

/* RFC 5656 section 4: the secret is the x coordinate of d * Q. The curves have cofactor 1, so the
 * only check is that the point is on the curve and not infinity, which has no uncompressed form
 * (SEC 1 section 3.2.2.1). */
static sally_error derive(struct ecdh *x, struct slice peer, EC_POINT *point, BIGNUM *coordinate,
                          struct buf *secret)
{
    if (EC_POINT_oct2point(x->group, point, peer.data, peer.size, x->scratch) != 1 ||
        EC_POINT_is_on_curve(x->group, point, x->scratch) != 1)
        return SALLY_E_PROTOCOL;
    if (EC_POINT_mul(x->group, point, NULL, point, x->scalar, x->scratch) != 1)
        return SALLY_E_CRYPTO;
    if (EC_POINT_get_affine_coordinates(x->group, point, coordinate, NULL, x->scratch) != 1)
        return SALLY_E_PROTOCOL;
    uint8_t *to = buf_extend(secret, x->field_size);
    if (!to || BN_bn2binpad(coordinate, to, (int)x->field_size) < 0)
        return SALLY_E_CRYPTO;
    return SALLY_E_OK;
}

static sally_error finish(struct kex_ephemeral *e, struct slice peer, struct buf *secret)
{
    struct ecdh *x = (struct ecdh *)e;
    /* Compressed points are optional, and no implementation sends them. */
    if (peer.size != 1 + 2 * x->field_size || peer.data[0] != UNCOMPRESSED)
        return SALLY_E_PROTOCOL;
    EC_POINT *point = EC_POINT_new(x->group);
    BIGNUM *coordinate = BN_new();
    sally_error error = SALLY_E_CRYPTO;
    if (point && coordinate)
        error = derive(x, peer, point, coordinate, secret);
    EC_POINT_clear_free(point);
    BN_clear_free(coordinate);
    return error;
}

const struct kex_math kex_ecdh_math = {
    .begin = begin,
    .finish = finish,
    .destroy = destroy,
};
