/* The only door to the crypto libraries. One `struct crypto` per server (and, for the moment in
 * which it is made, per key: each takes some of the process's 1,024 thread keys) owns an
 * OSSL_LIB_CTX and every algorithm fetched from it, so that nothing of the process's own OpenSSL
 * state is touched. Immutable once made; reference counted; any thread. (OpenSSL 3 itself reads its
 * configuration file once per process, into its default context, as soon as a digest or a cipher is
 * first used; our contexts see nothing of it.) */
#ifndef SALLY_CRYPTO_CRYPTO_H
#define SALLY_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "sallyport/error.h"

struct crypto;

sally_error crypto_new(struct crypto **out);
struct crypto *crypto_ref(struct crypto *c);
void crypto_unref(struct crypto *c);

/* The system's generator. */
struct random_source crypto_random(struct crypto *c);

#endif
