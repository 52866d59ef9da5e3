/* Key blobs and signatures as they come over the wire: string blob, string algorithm, string
 * signature, then what was signed. */
#include <stdlib.h>

#include "base/mem.h"
#include "crypto/public_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *crypto;
    if (!crypto && crypto_new(&crypto) != SALLY_E_OK)
        abort();
    struct cursor c = cursor_of(data, size);
    struct slice blob = get_string(&c);
    struct slice algorithm = get_string(&c);
    struct slice signature = get_string(&c);
    struct slice text = cursor_rest(&c);
    struct public_key *key = NULL;
    if (public_key_parse(&key, crypto, blob) != SALLY_E_OK) {
        if (key)
            abort();
        return 0;
    }
    char fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
    if (!public_key_fingerprint(crypto, blob, fingerprint) || !public_key_type(key))
        abort();
    char *name = slice_strdup(algorithm);
    if (name)
        (void)public_key_verify(key, name, signature, text);
    mem_free(name);
    public_key_free(key);
    return 0;
}
