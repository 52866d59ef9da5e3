/**
 * @file sallyport/certificate.h
 * X.509 certificates for TLS: a certificate, its chain up to an authority, and its key.
 */
#ifndef SALLYPORT_CERTIFICATE_H
#define SALLYPORT_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/keys.h"

SALLY_BEGIN_DECLS

/** A certificate with its chain and key; immutable, any thread. What its functions return is valid
 * as long as the certificate. */
typedef struct sally_certificate sally_certificate;

/**
 * Reads certificates in PEM ("BEGIN CERTIFICATE"; other texts between them are skipped): the
 * server's own first, then the issuer of each; the root certificate may be omitted. `key` belongs
 * to the first one, and is held; NULL: it is in the same text, unencrypted (for other keys, and
 * files with passphrases, see sally_key_load_from()).
 *
 * Dates are not checked, so that a program can start with an expired certificate and warn about it.
 *
 * ::SALLY_E_PARSE for malformed certificates, or none; ::SALLY_E_KEY for a key that does not match;
 * ::SALLY_E_INVALID if a certificate is not issued by the one after it; ::SALLY_E_LIMIT for more
 * than 16 of them, or 1 MiB; ::SALLY_E_UNSUPPORTED for keys of other types than those of
 * sally_key_generate(), and for keys of sally_key_from_signer(). For a key in the text, the errors
 * of sally_key_parse().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_certificate_parse(sally_certificate **out,
                                                               const void *data, size_t size,
                                                               sally_key *key);

/** The same from a file. ::SALLY_E_SYSTEM (see errno) if it cannot be read. Without `key`, it must
 * be as private as sally_key_load() requires: ::SALLY_E_INSECURE. */
SALLY_API SALLY_MUST_CHECK sally_error sally_certificate_load(sally_certificate **out,
                                                              const char *path, sally_key *key);

/** The subject, as in RFC 4514: "CN=ftp.example.org,O=Example". */
SALLY_API const char *sally_certificate_subject(const sally_certificate *certificate);
/** The issuer, in the same form. */
SALLY_API const char *sally_certificate_issuer(const sally_certificate *certificate);
/** The serial number in hexadecimal ("04f3..."), with a leading "-" if it is negative. */
SALLY_API const char *sally_certificate_serial(const sally_certificate *certificate);
/** The SHA-256 hash of the whole certificate, in the format of OpenSSL's programs: "AB:CD:...". */
SALLY_API const char *sally_certificate_fingerprint(const sally_certificate *certificate);
/** The alternative name (subjectAltName) at `index`: host names, which may begin with "*.", and
 * numeric addresses. NULL after the last one. */
SALLY_API const char *sally_certificate_name(const sally_certificate *certificate, size_t index);
/** The start of its validity: seconds since 1970. */
SALLY_API int64_t sally_certificate_not_before(const sally_certificate *certificate);
/** The end of its validity: seconds since 1970. */
SALLY_API int64_t sally_certificate_not_after(const sally_certificate *certificate);
/** The certificate at `index` of the chain, starting with its own at 0, in DER; `*size` is set to
 * its size in bytes. NULL after the last one. */
SALLY_API const void *sally_certificate_der(const sally_certificate *certificate, size_t index,
                                            size_t *size);
/** Its key, without a new reference. */
SALLY_API sally_key *sally_certificate_key(const sally_certificate *certificate);

/** Takes a reference. Returns `certificate`. */
SALLY_API sally_certificate *sally_certificate_ref(sally_certificate *certificate);
/** Releases a reference. NULL is allowed. */
SALLY_API void sally_certificate_unref(sally_certificate *certificate);

SALLY_END_DECLS

#endif
