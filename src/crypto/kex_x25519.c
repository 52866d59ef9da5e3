/* curve25519-sha256 (RFC 8731): X25519 of RFC 7748 over raw 32-byte strings. */
#include "base/mem.h"
#include "crypto/kex_math.h"

#define X25519_SIZE 32

struct x25519 {
    struct kex_ephemeral base;
    EVP_PKEY *key;
};

static void destroy(struct kex_ephemeral *e)
{
    struct x25519 *x = (struct x25519 *)e;
    EVP_PKEY_free(x->key);
    crypto_unref(e->crypto);
    mem_free(x);
}

static sally_error begin(struct crypto *c, const struct kex_row *row, const struct kex_group *group,
                         const struct random_source *random, struct kex_ephemeral **out,
                         struct buf *ours)
{
    (void)row, (void)group;
    uint8_t scalar[X25519_SIZE]; /* the library clamps it */
    size_t size = X25519_SIZE;
    struct x25519 *x = mem_zalloc(sizeof *x);
    if (!x)
        return SALLY_E_NO_MEMORY;
    x->base.math = &kex_x25519_math;
    x->base.crypto = crypto_ref(c);
    *out = &x->base;
    if (!random_fill(random, scalar, sizeof scalar))
        return SALLY_E_CRYPTO;
    x->key = EVP_PKEY_new_raw_private_key_ex(c->lib, "X25519", NULL, scalar, sizeof scalar);
    mem_wipe(scalar, sizeof scalar);
    if (!x->key)
        return SALLY_E_CRYPTO;
    uint8_t *to = buf_extend(ours, X25519_SIZE);
    if (!to)
        return SALLY_E_NO_MEMORY;
    return EVP_PKEY_get_raw_public_key(x->key, to, &size) == 1 ? SALLY_E_OK : SALLY_E_CRYPTO;
}

/* RFC 7748 section 6.1: every bit is checked, in constant time. */
static bool all_zero(const uint8_t *data)
{
    static const uint8_t zero[X25519_SIZE];
    return mem_equal_ct(data, zero, sizeof zero);
}

static sally_error finish(struct kex_ephemeral *e, struct slice peer, struct buf *secret)
{
    struct x25519 *x = (struct x25519 *)e;
    if (peer.size != X25519_SIZE)
        return SALLY_E_PROTOCOL;
    EVP_PKEY *public =
        EVP_PKEY_new_raw_public_key_ex(e->crypto->lib, "X25519", NULL, peer.data, peer.size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(e->crypto->lib, x->key, NULL);
    size_t size = X25519_SIZE;
    sally_error error = SALLY_E_CRYPTO;
    uint8_t *to = buf_extend(secret, X25519_SIZE);
    /* Any 32 bytes are a public key: only the result needs validation. */
    if (to && public && context && EVP_PKEY_derive_init(context) == 1 &&
        EVP_PKEY_derive_set_peer_ex(context, public, 0) == 1) {
        /* The library itself refuses points of small order; we check anyway. */
        bool ok = EVP_PKEY_derive(context, to, &size) == 1 && size == X25519_SIZE && !all_zero(to);
        error = ok ? SALLY_E_OK : SALLY_E_PROTOCOL;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(public);
    return error;
}

const struct kex_math kex_x25519_math = {
    .begin = begin,
    .finish = finish,
    .destroy = destroy,
};
