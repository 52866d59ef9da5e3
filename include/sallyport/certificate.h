/**
 * @file sallyport/certificate.h
 * X.509 certificates for TLS: a certificate, those that lead from it to an authority, and its key.
 */
#ifndef SALLYPORT_CERTIFICATE_H
#define SALLYPORT_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/keys.h"

SALLY_BEGIN_DECLS

/** A certificate with its chain and key; immutable, any thread. What its functions return lives as
 * long as it does. */
typedef struct sally_certificate sally_certificate;

/**
 * Reads certificates in PEM ("BEGIN CERTIFICATE"; other texts between them are skipped): the
 * server's own first, then each one's issuer; the authority's own may be left out. `key` belongs to
 * the first one, and is held; NULL: it is in the same text, not encrypted (for others, and for
 * files with passphrases, see sally_key_load_from()).
 *
 * Dates are not checked, so that a program can start with what is expired, and say so.
 *
 * ::SALLY_E_PARSE for malformed certificates, or none; ::SALLY_E_KEY for a key that is another
 * one's; ::SALLY_E_INVALID if a certificate is not issued by the one after it; ::SALLY_E_LIMIT for
 * more than 16 of them, or 1 MiB; ::SALLY_E_UNSUPPORTED for keys that are not of one of
 * sally_key_generate()'s types, and for those of sally_key_from_signer(). For a key in the text, as
 * sally_key_parse().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_certificate_parse(sally_certificate **out,
                                                               const void *data, size_t size,
                                                               sally_key *key);

/** The same from a file. ::SALLY_E_SYSTEM (see errno) when it cannot be read. Without `key`, it
 * must be as private as sally_key_load() wants it: ::SALLY_E_INSECURE. */
SALLY_API SALLY_MUST_CHECK sally_error sally_certificate_load(sally_certificate **out,
                                                              const char *path, sally_key *key);

/** Whom it is for, as in RFC 4514: "CN=ftp.example.org,O=Example". */
SALLY_API const char *sally_certificate_subject(const sally_certificate *certificate);
/** Who has issued it, in the same form. */
SALLY_API const char *sally_certificate_issuer(const sally_certificate *certificate);
/** Its serial number, in hexadecimal digits ("04f3..."), with a "-" in front if it is negative. */
SALLY_API const char *sally_certificate_serial(const sally_certificate *certificate);
/** The SHA-256 hash of the whole certificate, as OpenSSL's programs show it: "AB:CD:...". */
SALLY_API const char *sally_certificate_fingerprint(const sally_certificate *certificate);
/** The name at `index` that it is for (subjectAltName): host names, which may begin with "*.", and
 * numeric addresses. NULL past the last one. */
SALLY_API const char *sally_certificate_name(const sally_certificate *certificate, size_t index);
/** When it begins to be valid: seconds since 1970. */
SALLY_API int64_t sally_certificate_not_before(const sally_certificate *certificate);
/** The last second in which it is valid: seconds since 1970. */
SALLY_API int64_t sally_certificate_not_after(const sally_certificate *certificate);
/** The certificate at `index` of the chain, the own one at 0, in DER; `*size` gets its bytes. NULL
 * past the last one. */
SALLY_API const void *sally_certificate_der(const sally_certificate *certificate, size_t index,
                                            size_t *size);
/** Its key. Lent. */
SALLY_API sally_key *sally_certificate_key(const sally_certificate *certificate);

/** One holder more. Returns `certificate`. */
SALLY_API sally_certificate *sally_certificate_ref(sally_certificate *certificate);
/** One holder less. NULL is allowed. */
SALLY_API void sally_certificate_unref(sally_certificate *certificate);

SALLY_END_DECLS

#endif
