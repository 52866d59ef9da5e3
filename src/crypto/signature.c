/* Signature algorithms (RFC 4253 section 6.6, RFC 5656 section 3.1.2, RFC 8332, RFC 8709 section
 * 6): which name goes with which key and digest, and the conversion between the wire and the
 * library. */
#include <openssl/ecdsa.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/key_type.h"

#define ED25519_SIGNATURE_SIZE 64
#define NO_HASH                HASH_COUNT /* the algorithm has its own */
#define ECDSA_DER_MAX          160        /* two numbers of 66 bytes and their headers */

struct signature_row {
    struct signature_algorithm algorithm;
    enum hash_id hash;
};

/* clang-format off */
static const struct signature_row rows[] = {
    /* name                 key type               default */
    {{"ssh-ed25519",         "ssh-ed25519",         true},  NO_HASH},
    {{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", true},  HASH_SHA256},
    {{"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", true},  HASH_SHA384},
    {{"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", true},  HASH_SHA512},
    {{"rsa-sha2-512",        "ssh-rsa",             true},  HASH_SHA512},
    {{"rsa-sha2-256",        "ssh-rsa",             true},  HASH_SHA256},
    {{"ssh-rsa",             "ssh-rsa",             false}, HASH_SHA1},
};
/* clang-format on */

const struct signature_algorithm *signature_algorithm_at(size_t index)
{
    return index < COUNT_OF(rows) ? &rows[index].algorithm : NULL;
}

const struct signature_algorithm *signature_algorithm_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(name, rows[i].algorithm.name))
            return &rows[i].algorithm;
    return NULL;
}

static const struct signature_row *row_for(const char *algorithm, const struct key_type *type)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].algorithm.name, algorithm) == 0 &&
            strcmp(rows[i].algorithm.key_type, type->name) == 0)
            return &rows[i];
    return NULL;
}

static const char *digest_of(const struct signature_row *row)
{
    return row->hash == NO_HASH ? NULL : hash_library_name(row->hash);
}

static bool verify_raw(struct crypto *c, EVP_PKEY *pkey, const struct signature_row *row,
                       struct slice raw, struct slice data)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok =
        context &&
        EVP_DigestVerifyInit_ex(context, NULL, digest_of(row), c->lib, NULL, pkey, NULL) == 1 &&
        EVP_DigestVerify(context, raw.data, raw.size, data.data, data.size) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

/* RFC 8017 wants as many bytes as the modulus has; some clients drop leading zeros, as of an mpint.
 */
static bool verify_rsa(struct crypto *c, EVP_PKEY *pkey, const struct signature_row *row,
                       struct slice raw, struct slice data)
{
    size_t size = (size_t)EVP_PKEY_get_size(pkey);
    if (raw.size > size || raw.size == 0)
        return false;
    if (raw.size == size)
        return verify_raw(c, pkey, row, raw, data);
    uint8_t *padded = mem_zalloc(size);
    if (!padded)
        return false;
    memcpy(padded + (size - raw.size), raw.data, raw.size);
    struct slice full = {padded, size};
    bool ok = verify_raw(c, pkey, row, full, data);
    mem_free(padded);
    return ok;
}

/* RFC 5656 section 3.1.2: two mpints; the library wants them in DER. */
static bool verify_ecdsa(struct crypto *c, EVP_PKEY *pkey, const struct key_type *type,
                         const struct signature_row *row, struct slice raw, struct slice data)
{
    struct cursor in = cursor_of_slice(raw);
    struct slice r = get_magnitude(&in), s = get_magnitude(&in);
    if (!cursor_done(&in) || r.size == 0 || s.size == 0 || r.size > type->field_size ||
        s.size > type->field_size)
        return false;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *big_r = BN_bin2bn(r.data, (int)r.size, NULL);
    BIGNUM *big_s = BN_bin2bn(s.data, (int)s.size, NULL);
    if (!sig || !big_r || !big_s || ECDSA_SIG_set0(sig, big_r, big_s) != 1) {
        BN_free(big_r);
        BN_free(big_s);
        ECDSA_SIG_free(sig);
        return false;
    }
    uint8_t der[ECDSA_DER_MAX], *at = der;
    int size = i2d_ECDSA_SIG(sig, NULL);
    bool ok = size > 0 && (size_t)size <= sizeof der && i2d_ECDSA_SIG(sig, &at) == size;
    ECDSA_SIG_free(sig);
    struct slice full = {der, ok ? (size_t)size : 0};
    return ok && verify_raw(c, pkey, row, full, data);
}

static bool verify_by_kind(struct crypto *c, EVP_PKEY *pkey, const struct key_type *type,
                           const struct signature_row *row, struct slice raw, struct slice data)
{
    switch (type->kind) {
    case KEY_RSA:
        return verify_rsa(c, pkey, row, raw, data);
    case KEY_ECDSA:
        return verify_ecdsa(c, pkey, type, row, raw, data);
    case KEY_ED25519:
        return raw.size == ED25519_SIGNATURE_SIZE && verify_raw(c, pkey, row, raw, data);
    }
    return false;
}

bool signature_verify(struct crypto *c, EVP_PKEY *pkey, const struct key_type *type,
                      const char *algorithm, struct slice signature, struct slice data)
{
    const struct signature_row *row = row_for(algorithm, type);
    struct cursor in = cursor_of_slice(signature);
    struct slice name = get_string(&in), raw = get_string(&in);
    if (!row || !cursor_done(&in) || !slice_is(name, algorithm))
        return false;
    library_begin();
    bool ok = verify_by_kind(c, pkey, type, row, raw, data);
    library_end(c);
    return ok;
}

static bool sign_raw(struct crypto *c, EVP_PKEY *pkey, const struct signature_row *row,
                     struct slice data, struct buf *raw)
{
    size_t size = (size_t)EVP_PKEY_get_size(pkey);
    uint8_t *to = buf_extend(raw, size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = to && context &&
              EVP_DigestSignInit_ex(context, NULL, digest_of(row), c->lib, NULL, pkey, NULL) == 1 &&
              EVP_DigestSign(context, to, &size, data.data, data.size) == 1;
    EVP_MD_CTX_free(context);
    buf_truncate(raw, ok ? size : 0);
    return ok;
}

sally_error signature_hash(const char *algorithm, const struct key_type *type, enum hash_id *out)
{
    const struct signature_row *row = row_for(algorithm, type);
    *out = row ? row->hash : NO_HASH;
    return row ? SALLY_E_OK : SALLY_E_INVALID;
}

bool signature_put_der(struct slice der, struct buf *out)
{
    const unsigned char *at = der.data;
    if (der.size > ECDSA_DER_MAX)
        return false;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.size);
    if (!sig)
        return false;
    const BIGNUM *numbers[2] = {ECDSA_SIG_get0_r(sig), ECDSA_SIG_get0_s(sig)};
    bool ok = at == der.data + der.size;
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[ECDSA_DER_MAX];
        int size = BN_num_bytes(numbers[i]);
        ok = ok && (size_t)size <= sizeof bytes && BN_bn2bin(numbers[i], bytes) == size;
        if (ok)
            put_mpint(out, bytes, (size_t)size);
    }
    ECDSA_SIG_free(sig);
    return ok;
}

static bool put_numbers_of_der(struct slice der, struct buf *out)
{
    size_t place = put_string_begin(out);
    bool ok = signature_put_der(der, out);
    put_string_end(out, place);
    return ok;
}

static sally_error make(struct crypto *c, EVP_PKEY *pkey, const struct key_type *type,
                        const struct signature_row *row, struct slice data, struct buf *raw,
                        struct buf *signature)
{
    if (!sign_raw(c, pkey, row, data, raw))
        return SALLY_E_CRYPTO;
    put_text(signature, row->algorithm.name);
    if (type->kind == KEY_ECDSA)
        return put_numbers_of_der(buf_slice(raw), signature) ? SALLY_E_OK : SALLY_E_CRYPTO;
    /* A single wrong RSA signature, caused by a hardware fault, would reveal the factors of the
     * modulus. */
    if (type->kind == KEY_RSA && !verify_raw(c, pkey, row, buf_slice(raw), data))
        return SALLY_E_CRYPTO;
    put_slice(signature, buf_slice(raw));
    return SALLY_E_OK;
}

sally_error signature_make(struct crypto *c, EVP_PKEY *pkey, const struct key_type *type,
                           const char *algorithm, struct slice data, struct buf *signature)
{
    const struct signature_row *row = row_for(algorithm, type);
    if (!row)
        return SALLY_E_INVALID;
    size_t before = signature->size;
    struct buf raw;
    buf_init_secret(&raw, RSA_BITS_MAX / 8);
    library_begin();
    sally_error error = make(c, pkey, type, row, data, &raw, signature);
    library_end(c);
    buf_clear(&raw);
    if (!error && signature->failed)
        error = SALLY_E_NO_MEMORY;
    if (error)
        buf_truncate(signature, before);
    return error;
}
