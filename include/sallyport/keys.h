/**
 * @file sallyport/keys.h
 * Private host keys: from files, from memory, generated, or held by an external signer.
 */
#ifndef SALLYPORT_KEYS_H
#define SALLYPORT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"

SALLY_BEGIN_DECLS

typedef struct sally_key sally_key; /**< a private key; immutable, any thread */

/**
 * Generates a key. `type`: "ed25519", "ecdsa-nistp256", "ecdsa-nistp384", "ecdsa-nistp521" or "rsa"
 * (with `bits` 2048 to 16384, 0: 3072). ::SALLY_E_UNSUPPORTED, ::SALLY_E_RANGE, ::SALLY_E_CRYPTO.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_generate(sally_key **out, const char *type,
                                                          uint32_t bits);

/**
 * Reads a key from bytes: OpenSSH's format, PKCS#8 or traditional PEM, encrypted or not.
 * `passphrase` may be NULL, and is ignored for a key that is not encrypted. ::SALLY_E_PARSE,
 * ::SALLY_E_PASSPHRASE, ::SALLY_E_UNSUPPORTED; ::SALLY_E_KEY for RSA below 2048 or above 16384 bits
 * and for mismatched public and private parts; ::SALLY_E_LIMIT for an encrypted key that would take
 * minutes to decrypt.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_parse(sally_key **out, const void *data,
                                                       size_t size, const char *passphrase);

/** Reads a key from a file, as sally_key_parse() does; ::SALLY_E_SYSTEM (see errno) if it cannot be
 * read. ::SALLY_E_INSECURE unless it belongs to the process's effective user or to root, and other
 * users can neither read nor write it (mode 0600); if the process does not run as root, a file
 * that belongs to root may be readable by its group. For keys that are stored in other ways, read
 * the file yourself and call sally_key_parse(). */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_load(sally_key **out, const char *path,
                                                      const char *passphrase);

/** The source of a key and of its passphrase. */
typedef struct sally_key_source {
    size_t struct_size;     /**< sizeof(sally_key_source) */
    const char *path;       /**< a file, as for sally_key_load(); NULL: data */
    const void *data;       /**< bytes, as for sally_key_parse(); NULL with path */
    size_t size;            /**< of data */
    const char *passphrase; /**< NULL: not known yet */
    /** Called if the key is encrypted and `passphrase` is missing or wrong: writes a passphrase of
     * less than `room` bytes, ending in NUL, to `passphrase`, which is wiped afterwards. `attempt`
     * is 0 at first, then 1 and 2 if the previous one was wrong. False: give up. It may block, and
     * is called in the caller's thread. Optional. */
    bool (*ask_passphrase)(void *user_data, char *passphrase, size_t room, uint32_t attempt);
    void *user_data; /**< passed to it */
} sally_key_source;

/** Reads a key as sally_key_load() or sally_key_parse() do, and asks for a passphrase only if one
 * is needed. Errors as for these; ::SALLY_E_PASSPHRASE without the right passphrase;
 * ::SALLY_E_INVALID for an invalid struct_size, and for both or neither of path and data. */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_load_from(sally_key **out,
                                                           const sally_key_source *source);

/** Writes a key into a new file of mode 0600, in OpenSSH's format, unencrypted. ::SALLY_E_EXISTS,
 * ::SALLY_E_SYSTEM; ::SALLY_E_UNSUPPORTED for a key of sally_key_from_signer(). */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_save(const sally_key *key, const char *path,
                                                      const char *comment);

/** Signature formats of a ::sally_signer. */
enum {
    /** As produced by OpenSSL and cloud services. Ed25519: the 64 bytes of RFC 8032. RSA: the
     * PKCS#1 v1.5 signature (RFC 8017 section 8.2), as many bytes as the modulus has. ECDSA: r and
     * s in DER (Ecdsa-Sig-Value of RFC 3279). */
    SALLY_SIGNATURE_DER = 0,
    /** As produced by PKCS#11: the same, except that ECDSA is r followed by s, each as long as a
     * coordinate of the curve (32, 48 or 66 bytes). */
    SALLY_SIGNATURE_FIXED = 1,
    /** As produced by SSH agents: the algorithm's name and the signature, each as a string of RFC
     * 4251 section 5. */
    SALLY_SIGNATURE_SSH = 2
};

/** A request to sign. Its pointers are valid until the signer returns. */
typedef struct sally_sign_request {
    size_t struct_size;      /**< size of the structure of the library that made it: members behind
                                this are not there */
    const char *algorithm;   /**< "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"; "ssh-rsa" (with
                                SHA-1) only if the setting ssh.host_key_algorithms has it */
    const void *data;        /**< the message */
    size_t data_size;        /**< bytes */
    const char *digest_name; /**< the algorithm's hash function, such as "SHA512"; NULL for
                                Ed25519, which signs the message itself */
    const void *digest; /**< the message's hash, for signers that sign hashes; NULL for Ed25519 */
    size_t digest_size; /**< bytes */
    void *signature;    /**< where the signature goes */
    size_t signature_room; /**< bytes there: enough for any signature in any format */
    size_t signature_size; /**< bytes written; 0 at first */
} sally_sign_request;

/** A private key that the library never sees: in an HSM (PKCS#11), an SSH agent or a cloud
 * service. */
typedef struct sally_signer {
    size_t struct_size;      /**< sizeof(sally_signer) */
    const char *public_line; /**< the public key as a line of a .pub file ("ssh-ed25519 AAAA...", a
                                comment may follow), or NULL: */
    const void *public_blob; /**< the same as on the wire: RFC 4253 section 6.6 (RSA), RFC
                                5656 section 3.1 (ECDSA), RFC 8709 section 4 (Ed25519); NULL with
                                public_line */
    size_t public_blob_size; /**< bytes */
    uint32_t format;         /**< SALLY_SIGNATURE_ value */
    uint32_t reserved;       /**< zero */
    /** Signs. It may block, up to the setting limits.login_time: a server calls it on its workers
     * (in pump mode without workers, on the polling thread, while all connections wait), once for
     * each key exchange and each proof of host keys, possibly from several threads at once.
     * Returns ::SALLY_E_OK, or an error for the log. Required. */
    sally_error (*sign)(void *user_data, sally_sign_request *request);
    /** Called once, when the last reference to the key is released; on any thread. Optional. */
    void (*destroy)(void *user_data);
    void *user_data; /**< passed to both */
} sally_signer;

/**
 * Creates a key that signs by calling `signer`, which is copied. It can be used like any other host
 * key. Its signatures are verified with the public key before they are used. If it cannot sign, or
 * the signature is invalid, the key exchange fails and the client is disconnected; the log
 * ("ssh.host_key_failed") and sally_hooks::problem report why. This function does not sign
 * anything.
 *
 * On failure `user_data` remains the caller's. ::SALLY_E_INVALID for an invalid struct_size, an
 * unknown format, no `sign`, or not exactly one form of the public key; ::SALLY_E_PARSE,
 * ::SALLY_E_KEY and ::SALLY_E_UNSUPPORTED for the public key.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_from_signer(sally_key **out,
                                                             const sally_signer *signer);

/** The key's type on the wire, such as "ssh-ed25519", "ssh-rsa". Valid as long as the key. */
SALLY_API const char *sally_key_type(const sally_key *key);
/** The public key's fingerprint, "SHA256:" and base64. Valid as long as the key. */
SALLY_API const char *sally_key_fingerprint(const sally_key *key);
/** The public key as one line of known_hosts or authorized_keys ("ssh-ed25519 AAAA..."). Valid as
 * long as the key. */
SALLY_API const char *sally_key_public_line(const sally_key *key);
/** The public key as in RFC 4253 section 6.6; `*size` is set to its size in bytes. Valid as long as
 * the key. */
SALLY_API const void *sally_key_public_blob(const sally_key *key, size_t *size);

/** Takes a reference. Returns `key`. */
SALLY_API sally_key *sally_key_ref(sally_key *key);
/** Releases a reference; releasing the last one wipes and frees the key. NULL is allowed. */
SALLY_API void sally_key_unref(sally_key *key);

SALLY_END_DECLS

#endif
