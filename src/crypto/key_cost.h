/* How much work an encrypted PKCS#8 key demands of those who try a passphrase: whoever wrote the
 * file chose it. */
#ifndef SALLY_CRYPTO_KEY_COST_H
#define SALLY_CRYPTO_KEY_COST_H

#include <openssl/x509.h>

#include "sallyport/error.h"

#define KEY_COST_MAX_ITERATIONS 10000000u /* of PBKDF2 and older ones: about ten seconds */
#define KEY_COST_MAX_SCRYPT     (UINT64_C(1) << 24) /* N * r * p: about as long */

/* SALLY_E_LIMIT: too much. SALLY_E_PARSE, SALLY_E_UNSUPPORTED: nobody can tell. */
sally_error key_cost_check(const X509_ALGOR *encryption);

#endif
