/* The work to test a passphrase on an encrypted PKCS#8 key. The file's author chose it. */
#ifndef SALLY_CRYPTO_KEY_COST_H
#define SALLY_CRYPTO_KEY_COST_H

#include <openssl/x509.h>
#include <stdint.h>

#include "sallyport/error.h"

struct key_cost_bounds {
    uint64_t iterations; /* of PBKDF2 and its predecessors */
    uint64_t scrypt;     /* N * r * p; its memory, 128 * N * r, the library bounds: 32 MiB */
};

/* SALLY_E_LIMIT: more than the bounds. SALLY_E_PARSE, SALLY_E_UNSUPPORTED: it cannot be
 * determined. */
sally_error key_cost_check(const X509_ALGOR *encryption, const struct key_cost_bounds *bounds);

#endif
