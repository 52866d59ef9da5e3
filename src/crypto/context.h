/* The definition of `struct crypto`, for the files of this folder. */
#ifndef SALLY_CRYPTO_CONTEXT_H
#define SALLY_CRYPTO_CONTEXT_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdatomic.h>

#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "crypto/kex_method.h"

enum cipher_id {
    CIPHER_AES128_CTR,
    CIPHER_AES192_CTR,
    CIPHER_AES256_CTR,
    CIPHER_AES128_GCM,
    CIPHER_AES256_GCM,
    CIPHER_CHACHA20,
    CIPHER_COUNT
};

#define KEX_GROUP_COUNT 5

struct crypto {
    atomic_uint refs;
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *provider;
    EVP_MD *digest[HASH_COUNT]; /* MD5, SHA-1, SHA-224 and BLAKE2b may be missing */
    EVP_CIPHER *cipher[CIPHER_COUNT];
    EVP_MAC *poly1305;
    EVP_RAND_CTX *random; /* locks itself; below the context's primary generator, which reseeds it
                             after a fork */
    struct kex_group groups[KEX_GROUP_COUNT]; /* smallest first */
    uint8_t primes[(2048 + 3072 + 4096 + 6144 + 8192) / 8];
};

/* kex_groups.c */
sally_error kex_groups_init(struct crypto *c);

/* The library's name of a digest. */
const char *hash_library_name(enum hash_id id);

/* Encloses all calls that may fail inside the library, or use its randomness. They would leave two
 * things in the thread, which is the embedder's: entries in the error queue, and a generator of the
 * context, with a pointer that dangles as soon as another thread drops the last reference. */
static inline void library_begin(void)
{
    ERR_set_mark();
}

static inline void library_end(const struct crypto *c)
{
    if (c->lib) /* NULL would mean the default context, which is not ours */
        OPENSSL_thread_stop_ex(c->lib);
    ERR_pop_to_mark();
}

#endif
