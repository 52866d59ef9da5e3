#include "crypto/public_key.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/key_type.h"

struct public_key {
    struct crypto *crypto;
    EVP_PKEY *pkey;
    const struct key_type *type;
};

sally_error public_key_parse(struct public_key **out, struct crypto *c, struct slice blob)
{
    *out = NULL;
    struct cursor in = cursor_of_slice(blob);
    const struct key_type *type = key_type_find(get_string(&in));
    if (in.bad)
        return SALLY_E_PARSE;
    if (!type)
        return SALLY_E_UNSUPPORTED;
    struct public_key *key = mem_zalloc(sizeof *key);
    if (!key)
        return SALLY_E_NO_MEMORY;
    key->crypto = crypto_ref(c);
    key->type = type;
    library_begin();
    key->pkey = key_get_public(c, type, &in);
    library_end(c);
    if (!key->pkey || !cursor_done(&in)) {
        public_key_free(key);
        return SALLY_E_KEY;
    }
    *out = key;
    return SALLY_E_OK;
}

void public_key_free(struct public_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    crypto_unref(key->crypto);
    mem_free(key);
}

const char *public_key_type(const struct public_key *key)
{
    return key->type->name;
}

bool public_key_verify(const struct public_key *key, const char *algorithm, struct slice signature,
                       struct slice data)
{
    return signature_verify(key->crypto, key->pkey, key->type, algorithm, signature, data);
}

bool public_key_fingerprint(struct crypto *c, struct slice blob, char *out)
{
    uint8_t digest[HASH_MAX_SIZE];
    struct slice bytes = {digest, hash_size(HASH_SHA256)};
    struct buf text;
    *out = '\0';
    if (!hash_once(c, HASH_SHA256, blob.data, blob.size, digest))
        return false;
    buf_init(&text, PUBLIC_KEY_FINGERPRINT_SIZE);
    put_bytes(&text, "SHA256:", 7);
    base64_encode(bytes, false, &text);
    put_u8(&text, 0);
    bool ok = !text.failed;
    if (ok)
        memcpy(out, buf_head(&text), text.size);
    buf_clear(&text);
    return ok;
}
