/**
 * @file sallyport/keys.h
 * Private keys for hosts: from files, from memory, freshly made.
 */
#ifndef SALLYPORT_KEYS_H
#define SALLYPORT_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"

SALLY_BEGIN_DECLS

typedef struct sally_key sally_key; /**< a private key; immutable, any thread */

/**
 * Makes a key. `type`: "ed25519", "ecdsa-nistp256", "ecdsa-nistp384", "ecdsa-nistp521" or "rsa"
 * (with `bits` 2048 to 16384, 0: 3072).
 * ::SALLY_E_UNSUPPORTED, ::SALLY_E_RANGE, ::SALLY_E_CRYPTO.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_generate(sally_key **out, const char *type,
                                                          uint32_t bits);

/**
 * Reads a key from bytes: OpenSSH's format, PKCS#8 or traditional PEM, encrypted or not.
 * `passphrase` may be NULL, and is ignored for a key that is not encrypted. ::SALLY_E_PARSE,
 * ::SALLY_E_PASSPHRASE, ::SALLY_E_UNSUPPORTED; ::SALLY_E_KEY for RSA below 2048 or above 16384 bits
 * and for halves that do not belong together; ::SALLY_E_LIMIT for an encrypted key whose passphrase
 * would take minutes to try.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_parse(sally_key **out, const void *data,
                                                       size_t size, const char *passphrase);

/** Reads a key from a file, as sally_key_parse() does; ::SALLY_E_SYSTEM (see errno) when it cannot
 * be read. ::SALLY_E_INSECURE unless it belongs to the process's effective user or to root, and
 * others may neither read nor write it (mode 0600); if the process does not run as root, a file
 * that belongs to root may be readable by its group. For keys that are stored in other ways, read
 * the file yourself and call sally_key_parse(). */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_load(sally_key **out, const char *path,
                                                      const char *passphrase);

/** Writes a key into a new file of mode 0600, in OpenSSH's format, unencrypted. ::SALLY_E_EXISTS,
 * ::SALLY_E_SYSTEM. */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_save(const sally_key *key, const char *path,
                                                      const char *comment);

/** The key's type on the wire, such as "ssh-ed25519", "ssh-rsa". Lives as long as the key. */
SALLY_API const char *sally_key_type(const sally_key *key);
/** The public half's fingerprint, "SHA256:" and base64. Lives as long as the key. */
SALLY_API const char *sally_key_fingerprint(const sally_key *key);
/** The public half as one line of known_hosts or authorized_keys ("ssh-ed25519 AAAA..."). Lives as
 * long as the key. */
SALLY_API const char *sally_key_public_line(const sally_key *key);

/** Takes a reference. Returns `key`. */
SALLY_API sally_key *sally_key_ref(sally_key *key);
/** Releases a reference; releasing the last one wipes and frees the key. NULL is allowed. */
SALLY_API void sally_key_unref(sally_key *key);

SALLY_END_DECLS

#endif
