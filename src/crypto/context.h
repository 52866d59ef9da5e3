/* What stands behind `struct crypto`, for the files of this folder. */
#ifndef SALLY_CRYPTO_CONTEXT_H
#define SALLY_CRYPTO_CONTEXT_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdatomic.h>

#include "crypto/crypto.h"
#include "crypto/hash.h"

enum cipher_id {
    CIPHER_AES128_CTR,
    CIPHER_AES192_CTR,
    CIPHER_AES256_CTR,
    CIPHER_AES128_GCM,
    CIPHER_AES256_GCM,
    CIPHER_CHACHA20,
    CIPHER_COUNT
};

struct crypto {
    atomic_uint refs;
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *provider;
    EVP_MD *digest[HASH_COUNT]; /* MD5, SHA-1 and SHA-224 may be missing */
    EVP_CIPHER *cipher[CIPHER_COUNT];
    EVP_MAC *poly1305;
};

/* The library's name of a digest. */
const char *hash_library_name(enum hash_id id);

/* The queue of errors belongs to the thread, and so to the embedder too: what we add to it between
 * the two calls is taken off again. */
static inline void errors_begin(void)
{
    ERR_set_mark();
}

static inline void errors_end(void)
{
    ERR_pop_to_mark();
}

#endif
