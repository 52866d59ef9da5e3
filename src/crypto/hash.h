/* Message digests. */
#ifndef SALLY_CRYPTO_HASH_H
#define SALLY_CRYPTO_HASH_H

#include "crypto/crypto.h"

#define HASH_MAX_SIZE 64

enum hash_id {
    HASH_MD5,
    HASH_SHA1,
    HASH_SHA224,
    HASH_SHA256,
    HASH_SHA384,
    HASH_SHA512,
    HASH_BLAKE2B512,
    HASH_COUNT
};

struct hash; /* a running digest */

size_t hash_size(enum hash_id id);
struct hash *hash_new(struct crypto *c, enum hash_id id); /* NULL: out of memory, or not
                                                           * available */
void hash_update(struct hash *h, const void *data, size_t size);
bool hash_final(struct hash *h, uint8_t *out); /* hash_size bytes; resets h */
void hash_free(struct hash *h);
bool hash_once(struct crypto *c, enum hash_id id, const void *data, size_t size, uint8_t *out);

#endif
