#include "crypto/crypto.h"

#include <openssl/rand.h>

#include "base/mem.h"
#include "crypto/context.h"

static const char *const cipher_names[CIPHER_COUNT] = {
    [CIPHER_AES128_CTR] = "AES-128-CTR", [CIPHER_AES192_CTR] = "AES-192-CTR",
    [CIPHER_AES256_CTR] = "AES-256-CTR", [CIPHER_AES128_GCM] = "AES-128-GCM",
    [CIPHER_AES256_GCM] = "AES-256-GCM", [CIPHER_CHACHA20] = "ChaCha20",
};

/* A digest that policy has taken out of the library costs its algorithms, not the server. */
static bool digest_is_needed(enum hash_id id)
{
    return id == HASH_SHA256 || id == HASH_SHA384 || id == HASH_SHA512;
}

/* Looking an algorithm up by its name costs as much as a packet: it is done here, once. */
static sally_error fetch_all(struct crypto *c)
{
    c->lib = OSSL_LIB_CTX_new();
    if (!c->lib)
        return SALLY_E_NO_MEMORY;
    c->provider = OSSL_PROVIDER_load(c->lib, "default");
    if (!c->provider)
        return SALLY_E_CRYPTO;
    for (int id = 0; id < HASH_COUNT; id++) {
        c->digest[id] = EVP_MD_fetch(c->lib, hash_library_name((enum hash_id)id), NULL);
        if (!c->digest[id] && digest_is_needed((enum hash_id)id))
            return SALLY_E_CRYPTO;
    }
    for (int id = 0; id < CIPHER_COUNT; id++) {
        c->cipher[id] = EVP_CIPHER_fetch(c->lib, cipher_names[id], NULL);
        if (!c->cipher[id] && id != CIPHER_CHACHA20)
            return SALLY_E_CRYPTO;
    }
    c->poly1305 = EVP_MAC_fetch(c->lib, "POLY1305", NULL); /* builds without ChaCha20 lack it too */
    return SALLY_E_OK;
}

static void destroy(struct crypto *c)
{
    EVP_MAC_free(c->poly1305);
    for (int id = 0; id < CIPHER_COUNT; id++)
        EVP_CIPHER_free(c->cipher[id]);
    for (int id = 0; id < HASH_COUNT; id++)
        EVP_MD_free(c->digest[id]);
    if (c->provider)
        OSSL_PROVIDER_unload(c->provider);
    OSSL_LIB_CTX_free(c->lib);
    mem_free(c);
}

sally_error crypto_new(struct crypto **out)
{
    *out = NULL;
    struct crypto *c = mem_zalloc(sizeof *c);
    if (!c)
        return SALLY_E_NO_MEMORY;
    atomic_init(&c->refs, 1);
    errors_begin();
    sally_error error = fetch_all(c);
    errors_end();
    if (error) {
        destroy(c);
        return error;
    }
    *out = c;
    return SALLY_E_OK;
}

struct crypto *crypto_ref(struct crypto *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void crypto_unref(struct crypto *c)
{
    if (c && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
        destroy(c);
}

static bool fill(void *user_data, uint8_t *out, size_t size)
{
    struct crypto *c = user_data;
    errors_begin();
    bool ok = RAND_bytes_ex(c->lib, out, size, 256) == 1;
    errors_end();
    return ok;
}

struct random_source crypto_random(struct crypto *c)
{
    struct random_source source = {fill, c};
    return source;
}
