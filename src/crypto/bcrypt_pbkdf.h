/* The key derivation of OpenSSH's encrypted private keys: PBKDF2 with bcrypt in place of HMAC. The
 * crypto libraries lack it. */
#ifndef SALLY_CRYPTO_BCRYPT_PBKDF_H
#define SALLY_CRYPTO_BCRYPT_PBKDF_H

#include "base/cursor.h"
#include "crypto/crypto.h"

#define BCRYPT_PBKDF_ROUNDS_MAX 4096u /* tens of seconds */
#define BCRYPT_PBKDF_KEY_MAX    64u

/* False: out of memory, or arguments out of bounds (an empty salt or passphrase, too many rounds, a
 * long key). */
bool bcrypt_pbkdf(struct crypto *c, const char *passphrase, struct slice salt, uint32_t rounds,
                  uint8_t *key, size_t key_size);

#endif
