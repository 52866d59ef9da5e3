/**
 * @file sallyport/keys.h
 * Private keys for hosts: from files, from memory, freshly made, or held by somebody else who
 * signs.
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

/** Where a key comes from, and who knows its passphrase. */
typedef struct sally_key_source {
    size_t struct_size;     /**< sizeof(sally_key_source) */
    const char *path;       /**< a file, as for sally_key_load(); NULL: data */
    const void *data;       /**< bytes, as for sally_key_parse(); NULL with path */
    size_t size;            /**< of data */
    const char *passphrase; /**< NULL: none is known yet */
    /** Asked if the key is encrypted and `passphrase` is not the right one: writes a passphrase of
     * less than `room` bytes, ending in NUL, to `passphrase`, which is wiped afterwards. `attempt`
     * is 0 at first, then 1 and 2 if the last one was wrong. False: nobody knows it. It may block,
     * and is called in the caller's thread. May be NULL. */
    bool (*ask_passphrase)(void *user_data, char *passphrase, size_t room, uint32_t attempt);
    void *user_data; /**< handed to it */
} sally_key_source;

/** Reads a key as sally_key_load() or sally_key_parse() do, and asks for a passphrase only if it
 * takes one. Errors as for these; ::SALLY_E_PASSPHRASE when it stays unknown; ::SALLY_E_INVALID for
 * a struct_size that is too short, and for both or none of path and data. */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_load_from(sally_key **out,
                                                           const sally_key_source *source);

/** Writes a key into a new file of mode 0600, in OpenSSH's format, unencrypted. ::SALLY_E_EXISTS,
 * ::SALLY_E_SYSTEM; ::SALLY_E_UNSUPPORTED for a key of sally_key_from_signer(). */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_save(const sally_key *key, const char *path,
                                                      const char *comment);

/** How a signer writes what it has made: ::sally_signer. */
enum {
    /** As OpenSSL and cloud services do. Ed25519: the 64 bytes of RFC 8032. RSA: the PKCS#1 v1.5
     * signature (RFC 8017 section 8.2), as many bytes as the modulus has. ECDSA: r and s in DER
     * (Ecdsa-Sig-Value of RFC 3279). */
    SALLY_SIGNATURE_DER = 0,
    /** As PKCS#11 does: the same, but ECDSA is r and then s, each in as many bytes as a coordinate
     * of the curve has (32, 48 or 66). */
    SALLY_SIGNATURE_FIXED = 1,
    /** As SSH agents do: the algorithm's name and the signature, each as a string of RFC 4251
     * section 5. */
    SALLY_SIGNATURE_SSH = 2
};

/** What is to be signed. Its pointers are valid until the signer returns. */
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
    const void *digest;    /**< the message's hash, for those that sign hashes; NULL for Ed25519 */
    size_t digest_size;    /**< bytes */
    void *signature;       /**< where the signature goes */
    size_t signature_room; /**< bytes there: enough for any signature in any form */
    size_t signature_size; /**< bytes written; 0 at first */
} sally_sign_request;

/** A private key that the library never sees: in an HSM, behind PKCS#11, in an agent, at a cloud
 * service. */
typedef struct sally_signer {
    size_t struct_size;      /**< sizeof(sally_signer) */
    const char *public_line; /**< the public half as a line of a .pub file ("ssh-ed25519 AAAA...",
                                a comment may follow), or NULL: */
    const void *public_blob; /**< the same as in RFC 4253 section 6.6; NULL with public_line */
    size_t public_blob_size; /**< bytes */
    uint32_t format;         /**< SALLY_SIGNATURE_ value */
    uint32_t reserved;       /**< zero */
    /** Signs. It may block for as long as it takes, up to the setting limits.login_time: a server
     * calls it on its workers (in pump mode without workers, where the server is polled, and all
     * connections wait), once for each key exchange and each proof of host keys, also from several
     * threads at once. ::SALLY_E_OK, or what went wrong, for the log. Must not be NULL. */
    sally_error (*sign)(void *user_data, sally_sign_request *request);
    /** Called once, when the last holder has let go of the key; on any thread. May be NULL. */
    void (*destroy)(void *user_data);
    void *user_data; /**< handed to both */
} sally_signer;

/**
 * Makes a key that signs by calling `signer`, which is copied: a host key like any other. Its
 * signatures are verified with the public half before they are used. When it cannot sign, or not
 * right, the key exchange fails and the client is disconnected; the log ("ssh.host_key_failed") and
 * sally_hooks::problem say why. Does not sign anything yet.
 *
 * On failure `user_data` stays the caller's. ::SALLY_E_INVALID for a struct_size that is too short,
 * an unknown format, no `sign`, or not exactly one form of the public half; ::SALLY_E_PARSE,
 * ::SALLY_E_KEY and ::SALLY_E_UNSUPPORTED for the public half.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_key_from_signer(sally_key **out,
                                                             const sally_signer *signer);

/** The key's type on the wire, such as "ssh-ed25519", "ssh-rsa". Lives as long as the key. */
SALLY_API const char *sally_key_type(const sally_key *key);
/** The public half's fingerprint, "SHA256:" and base64. Lives as long as the key. */
SALLY_API const char *sally_key_fingerprint(const sally_key *key);
/** The public half as one line of known_hosts or authorized_keys ("ssh-ed25519 AAAA..."). Lives as
 * long as the key. */
SALLY_API const char *sally_key_public_line(const sally_key *key);
/** The public half as in RFC 4253 section 6.6; `*size` gets its bytes. Lives as long as the key. */
SALLY_API const void *sally_key_public_blob(const sally_key *key, size_t *size);

/** Takes a reference. Returns `key`. */
SALLY_API sally_key *sally_key_ref(sally_key *key);
/** Releases a reference; releasing the last one wipes and frees the key. NULL is allowed. */
SALLY_API void sally_key_unref(sally_key *key);

SALLY_END_DECLS

#endif
