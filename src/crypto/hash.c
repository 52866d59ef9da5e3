#include "crypto/hash.h"

#include "base/mem.h"
#include "crypto/context.h"

struct hash {
    struct crypto *crypto;
    EVP_MD_CTX *context;
    enum hash_id id;
    bool failed;
};

static const struct {
    const char *name;
    size_t size;
} hashes[HASH_COUNT] = {
    [HASH_MD5] = {"MD5", 16},
    [HASH_SHA1] = {"SHA1", 20},
    [HASH_SHA224] = {"SHA2-224", 28},
    [HASH_SHA256] = {"SHA2-256", 32},
    [HASH_SHA384] = {"SHA2-384", 48},
    [HASH_SHA512] = {"SHA2-512", 64},
    [HASH_BLAKE2B512] = {"BLAKE2B-512", 64},
};

size_t hash_size(enum hash_id id)
{
    return hashes[id].size;
}

const char *hash_library_name(enum hash_id id)
{
    return hashes[id].name;
}

static bool begin(struct hash *h)
{
    return EVP_DigestInit_ex2(h->context, h->crypto->digest[h->id], NULL) == 1;
}

struct hash *hash_new(struct crypto *c, enum hash_id id)
{
    if (!c->digest[id])
        return NULL;
    struct hash *h = mem_zalloc(sizeof *h);
    if (!h)
        return NULL;
    h->crypto = crypto_ref(c);
    h->id = id;
    h->context = EVP_MD_CTX_new();
    if (!h->context || !begin(h)) {
        hash_free(h);
        return NULL;
    }
    return h;
}

void hash_update(struct hash *h, const void *data, size_t size)
{
    if (size && EVP_DigestUpdate(h->context, data, size) != 1)
        h->failed = true;
}

bool hash_final(struct hash *h, uint8_t *out)
{
    bool ok = !h->failed && EVP_DigestFinal_ex(h->context, out, NULL) == 1;
    h->failed = !begin(h);
    return ok;
}

void hash_free(struct hash *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->context);
    crypto_unref(h->crypto);
    mem_free(h);
}

bool hash_once(struct crypto *c, enum hash_id id, const void *data, size_t size, uint8_t *out)
{
    return c->digest[id] && EVP_Digest(data, size, out, NULL, c->digest[id], NULL) == 1;
}
