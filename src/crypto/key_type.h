/* The kinds of keys, their wire forms and the signatures they make, over the library's own key
 * objects. */
#ifndef SALLY_CRYPTO_KEY_TYPE_H
#define SALLY_CRYPTO_KEY_TYPE_H

#include <openssl/bn.h>

#include "base/buf.h"
#include "crypto/context.h"
#include "crypto/public_key.h"

#define RSA_BITS_MIN    2048
#define RSA_BITS_MAX    16384
#define ED25519_SIZE    32
#define KEY_BLOB_MAX    8192u  /* of a public key: RSA of 16384 bits needs 4 KiB */
#define KEY_PRIVATE_MAX 65536u /* of a private key in any form */

enum key_kind { KEY_ED25519, KEY_ECDSA, KEY_RSA };

struct key_type {
    const char *name; /* on the wire */
    enum key_kind kind;
    const char *curve;      /* on the wire (RFC 5656 section 10.1) */
    const char *group;      /* the library's name */
    size_t field_size;      /* bytes of a coordinate */
    const char *short_name; /* for sally_key_generate() */
};

const struct key_type *key_type_find(struct slice name);
const struct key_type *key_type_by_short_name(const char *name);
const struct key_type *key_type_of(const EVP_PKEY *pkey); /* NULL: unknown */

/* A non-negative number in its only valid form (RFC 4251 section 5); anything else makes the cursor
 * bad. Zero is an empty slice. */
struct slice get_magnitude(struct cursor *c);

/* From the wire: what follows the type's name in a public blob, and in the list of private keys of
 * OpenSSH's format (there with the public half). NULL: malformed, or refused by the library. */
EVP_PKEY *key_get_public(struct crypto *c, const struct key_type *type, struct cursor *in);
EVP_PKEY *key_get_private(struct crypto *c, const struct key_type *type, struct cursor *in);
/* To the wire, with the type's name. */
bool key_put_public(const EVP_PKEY *pkey, const struct key_type *type, struct buf *out);
bool key_put_private(const EVP_PKEY *pkey, const struct key_type *type, struct buf *out);

bool rsa_numbers_agree(struct crypto *c, const EVP_PKEY *pkey);

/* The raw signature operations; the table in signature.c says which fit a name. */
bool signature_verify(struct crypto *c, EVP_PKEY *pkey, const struct key_type *type,
                      const char *algorithm, struct slice signature, struct slice data);
/* The hash function of an algorithm that goes with the type (SALLY_E_INVALID: it does not);
 * HASH_COUNT: none, the algorithm has one of its own. */
sally_error signature_hash(const char *algorithm, const struct key_type *type, enum hash_id *out);
/* Appends r and s as ECDSA's signatures have them on the wire, without the string around them;
 * false: malformed. */
bool signature_put_der(struct slice der, struct buf *out);
sally_error signature_make(struct crypto *c, EVP_PKEY *pkey, const struct key_type *type,
                           const char *algorithm, struct slice data, struct buf *signature);

#endif
