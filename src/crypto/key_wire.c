/* Public and private keys between the wire (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709,
 * OpenSSH's PROTOCOL.key) and the library's objects. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/key_type.h"

#define UNCOMPRESSED 4
#define FIELD_MAX    66
/* Bytes of e: all that is in use is far shorter, and it bounds the cost of a verification. */
#define RSA_EXPONENT_MAX 8

/* clang-format off */
static const struct key_type types[] = {
    {"ssh-ed25519",         KEY_ED25519, NULL,       NULL,    32, "ed25519"},
    {"ecdsa-sha2-nistp256", KEY_ECDSA,   "nistp256", "P-256", 32, "ecdsa-nistp256"},
    {"ecdsa-sha2-nistp384", KEY_ECDSA,   "nistp384", "P-384", 48, "ecdsa-nistp384"},
    {"ecdsa-sha2-nistp521", KEY_ECDSA,   "nistp521", "P-521", 66, "ecdsa-nistp521"},
    {"ssh-rsa",             KEY_RSA,     NULL,       NULL,    0,  "rsa"},
};
/* clang-format on */

const struct key_type *key_type_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (slice_is(name, types[i].name))
            return &types[i];
    return NULL;
}

const struct key_type *key_type_by_short_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (strcmp(name, types[i].short_name) == 0)
            return &types[i];
    return NULL;
}

static const struct key_type *type_of_curve(const EVP_PKEY *pkey)
{
    char name[64];
    size_t size;
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name,
                                       &size) != 1)
        return NULL;
    int nid = OBJ_txt2nid(name);
    for (size_t i = 0; i < COUNT_OF(types) && nid != NID_undef; i++)
        if (types[i].group && EC_curve_nist2nid(types[i].group) == nid)
            return &types[i];
    return NULL;
}

const struct key_type *key_type_of(const EVP_PKEY *pkey)
{
    if (EVP_PKEY_is_a(pkey, "ED25519"))
        return key_type_by_short_name("ed25519");
    if (EVP_PKEY_is_a(pkey, "RSA"))
        return key_type_by_short_name("rsa");
    return EVP_PKEY_is_a(pkey, "EC") ? type_of_curve(pkey) : NULL;
}

struct slice get_magnitude(struct cursor *c)
{
    struct slice s = get_string(c);
    struct cursor digits = cursor_of_slice(s);
    if (s.size == 0)
        return s;
    uint8_t first = get_u8(&digits);
    if (first == 0) { /* only before a set top bit, to keep the number from being negative */
        s = cursor_rest(&digits);
        if (get_u8(&digits) < 0x80)
            c->bad = true;
    } else if (first >= 0x80) {
        c->bad = true;
    }
    return s;
}

/* Numbers on their way into the library. They are marked as secret, so that every copy is wiped. */
struct numbers {
    OSSL_PARAM_BLD *builder;
    BIGNUM *held[10]; /* RSA: six that are given, and two for each of the two that are derived */
    size_t count;
    bool failed;
};

static BIGNUM *number_new(struct numbers *n)
{
    BIGNUM *number = n->count < COUNT_OF(n->held) ? BN_secure_new() : NULL;
    if (number) {
        n->held[n->count++] = number;
        BN_set_flags(number, BN_FLG_CONSTTIME);
    } else {
        n->failed = true;
    }
    return number;
}

static BIGNUM *number_add(struct numbers *n, const char *name, struct slice magnitude)
{
    BIGNUM *number = number_new(n);
    if (!number || !BN_bin2bn(magnitude.data, (int)magnitude.size, number) ||
        OSSL_PARAM_BLD_push_BN(n->builder, name, number) != 1) {
        n->failed = true;
        return NULL;
    }
    return number;
}

static EVP_PKEY *numbers_to_key(struct crypto *c, struct numbers *n, const char *algorithm,
                                int selection)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = n->failed ? NULL : OSSL_PARAM_BLD_to_param(n->builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(c->lib, algorithm, NULL);
    if (params && context && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &pkey, selection, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(n->builder);
    while (n->count > 0)
        BN_clear_free(n->held[--n->count]);
    return pkey;
}

static struct numbers numbers_begin(void)
{
    struct numbers n = {.builder = OSSL_PARAM_BLD_new()};
    n.failed = !n.builder;
    return n;
}

static bool is_rsa_public(struct slice n, struct slice e)
{
    size_t max = RSA_BITS_MAX / 8;
    return n.size >= RSA_BITS_MIN / 8 && n.size <= max && n.data[n.size - 1] % 2 == 1 &&
           (n.size > RSA_BITS_MIN / 8 || n.data[0] >= 0x80) && e.size > 0 &&
           e.size <= RSA_EXPONENT_MAX && e.data[e.size - 1] % 2 == 1 &&
           !(e.size == 1 && e.data[0] == 1);
}

static EVP_PKEY *get_rsa_public(struct crypto *c, struct cursor *in)
{
    struct slice e = get_magnitude(in), n = get_magnitude(in);
    if (in->bad || !is_rsa_public(n, e))
        return NULL;
    struct numbers numbers = numbers_begin();
    if (!numbers.failed) {
        number_add(&numbers, OSSL_PKEY_PARAM_RSA_N, n);
        number_add(&numbers, OSSL_PKEY_PARAM_RSA_E, e);
    }
    return numbers_to_key(c, &numbers, "RSA", EVP_PKEY_PUBLIC_KEY);
}

/* d mod (prime - 1), which the format leaves out. */
static void add_crt_exponent(struct crypto *c, struct numbers *n, const char *name, const BIGNUM *d,
                             const BIGNUM *prime)
{
    BIGNUM *minus_1 = number_new(n), *result = number_new(n);
    BN_CTX *scratch = BN_CTX_secure_new_ex(c->lib);
    if (!d || !prime || !minus_1 || !result || !scratch || !BN_copy(minus_1, prime) ||
        BN_is_zero(prime) || BN_sub_word(minus_1, 1) != 1 || BN_is_zero(minus_1) ||
        BN_mod(result, d, minus_1, scratch) != 1 ||
        OSSL_PARAM_BLD_push_BN(n->builder, name, result) != 1)
        n->failed = true;
    BN_CTX_free(scratch);
}

static EVP_PKEY *get_rsa_private(struct crypto *c, struct cursor *in)
{
    struct slice n = get_magnitude(in), e = get_magnitude(in), d = get_magnitude(in);
    struct slice iqmp = get_magnitude(in), p = get_magnitude(in), q = get_magnitude(in);
    if (in->bad || !is_rsa_public(n, e) || d.size > n.size || iqmp.size > n.size ||
        p.size > n.size || q.size > n.size)
        return NULL;
    struct numbers numbers = numbers_begin();
    if (!numbers.failed) {
        number_add(&numbers, OSSL_PKEY_PARAM_RSA_N, n);
        number_add(&numbers, OSSL_PKEY_PARAM_RSA_E, e);
        BIGNUM *big_d = number_add(&numbers, OSSL_PKEY_PARAM_RSA_D, d);
        BIGNUM *big_p = number_add(&numbers, OSSL_PKEY_PARAM_RSA_FACTOR1, p);
        BIGNUM *big_q = number_add(&numbers, OSSL_PKEY_PARAM_RSA_FACTOR2, q);
        number_add(&numbers, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, iqmp);
        add_crt_exponent(c, &numbers, OSSL_PKEY_PARAM_RSA_EXPONENT1, big_d, big_p);
        add_crt_exponent(c, &numbers, OSSL_PKEY_PARAM_RSA_EXPONENT2, big_d, big_q);
    }
    return numbers_to_key(c, &numbers, "RSA", EVP_PKEY_KEYPAIR);
}

/* The curve's name must be the one that the type's name says. Only points in full (RFC 5656
 * section 3.1). */
static struct slice get_point(const struct key_type *type, struct cursor *in)
{
    struct slice curve = get_string(in), point = get_string(in);
    if (!slice_is(curve, type->curve) || point.size != 1 + 2 * type->field_size ||
        point.data[0] != UNCOMPRESSED)
        in->bad = true;
    return point;
}

/* `scalar` is empty for a public key. The library checks that the point is on the curve. */
static EVP_PKEY *ec_key(struct crypto *c, const struct key_type *type, struct slice point,
                        struct slice scalar)
{
    struct numbers numbers = numbers_begin();
    if (!numbers.failed) {
        if (OSSL_PARAM_BLD_push_utf8_string(numbers.builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                            type->group, 0) != 1 ||
            OSSL_PARAM_BLD_push_octet_string(numbers.builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
                                             point.size) != 1)
            numbers.failed = true;
        if (scalar.size)
            number_add(&numbers, OSSL_PKEY_PARAM_PRIV_KEY, scalar);
    }
    return numbers_to_key(c, &numbers, "EC", scalar.size ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
}

static EVP_PKEY *get_ec_private(struct crypto *c, const struct key_type *type, struct cursor *in)
{
    struct slice point = get_point(type, in), scalar = get_magnitude(in);
    if (in->bad || scalar.size == 0 || scalar.size > type->field_size)
        return NULL;
    EVP_PKEY *pkey = ec_key(c, type, point, scalar);
    EVP_PKEY_CTX *context = pkey ? EVP_PKEY_CTX_new_from_pkey(c->lib, pkey, NULL) : NULL;
    bool ok = context && EVP_PKEY_pairwise_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    if (ok)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static EVP_PKEY *get_ed25519_public(struct crypto *c, struct cursor *in)
{
    struct slice point = get_string(in);
    if (in->bad || point.size != ED25519_SIZE)
        return NULL;
    return EVP_PKEY_new_raw_public_key_ex(c->lib, "ED25519", NULL, point.data, point.size);
}

/* The seed, and the public key again: with a public key that does not match the seed, signatures
 * would reveal the private key, so the library's own is compared with both. */
static EVP_PKEY *get_ed25519_private(struct crypto *c, struct cursor *in)
{
    struct slice point = get_string(in), both = get_string(in);
    uint8_t right[ED25519_SIZE];
    size_t size = sizeof right;
    if (in->bad || point.size != ED25519_SIZE || both.size != 2 * ED25519_SIZE)
        return NULL;
    struct cursor halves = cursor_of_slice(both);
    struct slice seed = get_bytes(&halves, ED25519_SIZE);
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(c->lib, "ED25519", NULL, seed.data, seed.size);
    if (pkey && EVP_PKEY_get_raw_public_key(pkey, right, &size) == 1 &&
        memcmp(right, point.data, ED25519_SIZE) == 0 &&
        memcmp(right, cursor_rest(&halves).data, ED25519_SIZE) == 0)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

EVP_PKEY *key_get_public(struct crypto *c, const struct key_type *type, struct cursor *in)
{
    if (type->kind == KEY_ED25519)
        return get_ed25519_public(c, in);
    if (type->kind == KEY_RSA)
        return get_rsa_public(c, in);
    struct slice point = get_point(type, in), none = {NULL, 0};
    return in->bad ? NULL : ec_key(c, type, point, none);
}

EVP_PKEY *key_get_private(struct crypto *c, const struct key_type *type, struct cursor *in)
{
    if (type->kind == KEY_ED25519)
        return get_ed25519_private(c, in);
    return type->kind == KEY_RSA ? get_rsa_private(c, in) : get_ec_private(c, type, in);
}

/* One of the key's numbers, as an mpint or in a fixed number of bytes. */
static bool put_number(const EVP_PKEY *pkey, const char *name, size_t fixed_size, struct buf *out)
{
    BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1)
        return false;
    size_t size = fixed_size ? fixed_size : (size_t)BN_num_bytes(number);
    struct buf bytes;
    buf_init_secret(&bytes, RSA_BITS_MAX / 8);
    uint8_t *to = buf_extend(&bytes, size);
    bool ok = to && BN_bn2binpad(number, to, (int)size) >= 0;
    if (ok && fixed_size)
        put_bytes(out, to, size);
    else if (ok)
        put_mpint(out, to, size);
    buf_clear(&bytes);
    BN_clear_free(number);
    return ok;
}

static bool put_numbers(const EVP_PKEY *pkey, const char *const *names, size_t count,
                        struct buf *out)
{
    for (size_t i = 0; i < count; i++)
        if (!put_number(pkey, names[i], 0, out))
            return false;
    return true;
}

static bool put_point(const EVP_PKEY *pkey, const struct key_type *type, struct buf *out)
{
    put_text(out, type->curve);
    put_u32(out, (uint32_t)(1 + 2 * type->field_size));
    put_u8(out, UNCOMPRESSED);
    return put_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, type->field_size, out) &&
           put_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, type->field_size, out);
}

bool key_put_public(const EVP_PKEY *pkey, const struct key_type *type, struct buf *out)
{
    static const char *const rsa[] = {OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_N};
    uint8_t point[ED25519_SIZE];
    size_t size = sizeof point;
    put_text(out, type->name);
    if (type->kind == KEY_RSA)
        return put_numbers(pkey, rsa, COUNT_OF(rsa), out) && !out->failed;
    if (type->kind == KEY_ECDSA)
        return put_point(pkey, type, out) && !out->failed;
    if (EVP_PKEY_get_raw_public_key(pkey, point, &size) != 1)
        return false;
    put_string(out, point, size);
    return !out->failed;
}

static bool put_ed25519_private(const EVP_PKEY *pkey, struct buf *out)
{
    uint8_t both[2 * ED25519_SIZE];
    size_t size = ED25519_SIZE;
    bool ok = EVP_PKEY_get_raw_private_key(pkey, both, &size) == 1 &&
              EVP_PKEY_get_raw_public_key(pkey, both + ED25519_SIZE, &size) == 1;
    if (ok) {
        put_string(out, both + ED25519_SIZE, ED25519_SIZE);
        put_string(out, both, sizeof both);
    }
    mem_wipe(both, sizeof both);
    return ok && !out->failed;
}

bool key_put_private(const EVP_PKEY *pkey, const struct key_type *type, struct buf *out)
{
    static const char *const rsa[] = {
        OSSL_PKEY_PARAM_RSA_N,       OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,       OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
    };
    put_text(out, type->name);
    if (type->kind == KEY_ED25519)
        return put_ed25519_private(pkey, out);
    if (type->kind == KEY_RSA)
        return put_numbers(pkey, rsa, COUNT_OF(rsa), out) && !out->failed;
    return put_point(pkey, type, out) && put_number(pkey, OSSL_PKEY_PARAM_PRIV_KEY, 0, out) &&
           !out->failed;
}
