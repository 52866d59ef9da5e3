/* Public keys as they come over the wire, signatures, and what the engine needs of private ones
 * (sally_key). */
#ifndef SALLY_CRYPTO_PUBLIC_KEY_H
#define SALLY_CRYPTO_PUBLIC_KEY_H

#include "base/buf.h"
#include "base/cursor.h"
#include "crypto/crypto.h"
#include "sallyport/keys.h"

struct signature_algorithm { /* a row: the name of an algorithm in signatures */
    const char *name;        /* "ssh-ed25519", "rsa-sha2-512", ... */
    const char *key_type;    /* of the blob: "ssh-ed25519", "ssh-rsa", ... */
    bool in_default;
};
const struct signature_algorithm *
signature_algorithm_at(size_t index); /* best first; NULL after the last one */
const struct signature_algorithm *signature_algorithm_find(struct slice name);

struct public_key;
/* Parses a key blob (RFC 4253 section 6.6, RFC 5656, RFC 8709) with nothing left over. RSA below
 * 2048 bits or above 16384, points off the curve: SALLY_E_KEY. */
sally_error public_key_parse(struct public_key **out, struct crypto *c, struct slice blob);
void public_key_free(struct public_key *key);
const char *public_key_type(const struct public_key *key);
/* True only for a valid signature blob (string algorithm, string signature) by exactly
 * `algorithm`. */
bool public_key_verify(const struct public_key *key, const char *algorithm, struct slice signature,
                       struct slice data);

/* "SHA256:" + base64 without padding of a blob; out has room for PUBLIC_KEY_FINGERPRINT_SIZE. */
#define PUBLIC_KEY_FINGERPRINT_SIZE 56
bool public_key_fingerprint(struct crypto *c, struct slice blob, char *out);

/* Of private keys: */
struct slice key_blob(const sally_key *key); /* the public blob */
/* The same key with an object in this context, so that it can sign directly. */
sally_error key_bind(sally_key **out, sally_key *key, struct crypto *c);
/* Whether signing waits for a signer (sally_key_from_signer()). */
bool key_may_block(const sally_key *key);
/* Appends a signature blob. RSA signatures, and those of a signer, are verified before they are
 * returned: SALLY_E_KEY if a signer's is invalid; other errors come from the signer. A key that is
 * not bound needs a temporary context, which takes about a millisecond. */
sally_error key_sign(const sally_key *key, const char *algorithm, struct slice data,
                     struct buf *signature);

#endif
