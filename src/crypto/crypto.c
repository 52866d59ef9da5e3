#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/mem.h"
#include "crypto/context.h"

#define RANDOM_STRENGTH 256 /* bits */

static const char *const cipher_names[CIPHER_COUNT] = {
    [CIPHER_AES128_CTR] = "AES-128-CTR", [CIPHER_AES192_CTR] = "AES-192-CTR",
    [CIPHER_AES256_CTR] = "AES-256-CTR", [CIPHER_AES128_GCM] = "AES-128-GCM",
    [CIPHER_AES256_GCM] = "AES-256-GCM", [CIPHER_CHACHA20] = "ChaCha20",
};

/* If policy has disabled a digest in the library, its algorithms are missing, but the server
 * works. */
static bool digest_is_needed(enum hash_id id)
{
    return id == HASH_SHA256 || id == HASH_SHA384 || id == HASH_SHA512;
}

/* A generator of our own: the library's usual ones belong to threads, see library_end(). */
static sally_error make_random(struct crypto *c)
{
    EVP_RAND_CTX *primary = RAND_get0_primary(c->lib);
    EVP_RAND *kind = EVP_RAND_fetch(c->lib, "CTR-DRBG", NULL);
    char cipher[] = "AES-256-CTR";
    OSSL_PARAM params[2] = {
        OSSL_PARAM_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, sizeof cipher - 1),
        OSSL_PARAM_END,
    };
    if (primary && kind)
        c->random = EVP_RAND_CTX_new(kind, primary);
    EVP_RAND_free(kind);
    bool ok = c->random && EVP_RAND_enable_locking(c->random) == 1 &&
              EVP_RAND_instantiate(c->random, RANDOM_STRENGTH, 0, NULL, 0, params) == 1;
    return ok ? SALLY_E_OK : SALLY_E_CRYPTO;
}

/* Looking up an algorithm by name costs as much as a packet, so it is done here, once. */
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
    sally_error error = kex_groups_init(c);
    return error ? error : make_random(c);
}

static void destroy(struct crypto *c)
{
    EVP_RAND_CTX_free(c->random);
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
    library_begin();
    sally_error error = fetch_all(c);
    library_end(c);
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
    return EVP_RAND_generate(c->random, out, size, RANDOM_STRENGTH, 0, NULL, 0) == 1;
}

struct random_source crypto_random(struct crypto *c)
{
    struct random_source source = {fill, c};
    return source;
}
