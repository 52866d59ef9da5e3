/* Certificates and keys in PEM, as files have them. */
#include <stdlib.h>
#include <string.h>

#include "sallyport/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sally_key *other;
    sally_certificate *c;
    if (!other && sally_key_generate(&other, "ed25519", 0) != SALLY_E_OK)
        abort();
    if (sally_certificate_parse(&c, data, size, other) == SALLY_E_OK)
        abort(); /* for a key that was made just now */
    if (sally_certificate_parse(&c, data, size, NULL) != SALLY_E_OK) {
        if (c)
            abort();
        return 0;
    }
    size_t bytes, count = 0;
    if (strlen(sally_certificate_fingerprint(c)) != 95 || !*sally_certificate_serial(c) ||
        !sally_certificate_subject(c) || !sally_certificate_issuer(c) || !sally_certificate_key(c))
        abort();
    while (sally_certificate_name(c, count))
        count++;
    if (!sally_certificate_der(c, 0, &bytes) || bytes == 0)
        abort();
    sally_certificate_unref(c);
    return 0;
}
