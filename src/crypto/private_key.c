#include "crypto/private_key.h"

#include <openssl/rsa.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"

#define RSA_BITS_DEFAULT 3072

bool key_describe(sally_key *key)
{
    struct buf line;
    if (!public_key_fingerprint(key->crypto, buf_slice(&key->blob), key->fingerprint))
        return false;
    buf_init(&line, 2 * KEY_BLOB_MAX);
    put_bytes(&line, key->type->name, strlen(key->type->name));
    put_u8(&line, ' ');
    base64_encode(buf_slice(&key->blob), true, &line);
    if (!line.failed)
        key->line = mem_strndup((const char *)buf_head(&line), line.size);
    buf_clear(&line);
    return key->line != NULL;
}

static bool size_is_usable(const sally_key *key)
{
    int bits = EVP_PKEY_get_bits(key->pkey);
    return key->type->kind != KEY_RSA || (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX);
}

/* Whether the public and private parts match: files cannot be trusted. */
static bool halves_match(const sally_key *key)
{
    const char *algorithm = key->type->kind == KEY_RSA ? "rsa-sha2-256" : key->type->name;
    struct public_key *public;
    struct buf signature;
    struct slice data = slice_of("sallyport");
    if (key->type->kind == KEY_RSA && !rsa_numbers_agree(key->crypto, key->pkey))
        return false;
    if (public_key_parse(&public, key->crypto, buf_slice(&key->blob)) != SALLY_E_OK)
        return false;
    buf_init(&signature, KEY_BLOB_MAX);
    bool ok = key_sign(key, algorithm, data, &signature) == SALLY_E_OK &&
              public_key_verify(public, algorithm, buf_slice(&signature), data);
    buf_clear(&signature);
    public_key_free(public);
    return ok;
}

sally_key *key_alloc(struct crypto *c, const struct key_type *type)
{
    sally_key *key = mem_zalloc(sizeof *key);
    if (!key)
        return NULL;
    atomic_init(&key->refs, 1);
    key->crypto = crypto_ref(c);
    key->type = type;
    buf_init(&key->blob, KEY_BLOB_MAX);
    buf_init_secret(&key->secret, KEY_PRIVATE_MAX);
    return key;
}

static void unbind(sally_key *key)
{
    EVP_PKEY_free(key->pkey); /* the library wipes its numbers */
    key->pkey = NULL;
    crypto_unref(key->crypto);
    key->crypto = NULL;
}

/* Takes over `pkey`, even if it fails. */
static sally_error key_new(sally_key **out, struct crypto *c, EVP_PKEY *pkey)
{
    const struct key_type *type = key_type_of(pkey);
    sally_key *key = key_alloc(c, type);
    if (!key) {
        EVP_PKEY_free(pkey);
        return SALLY_E_NO_MEMORY;
    }
    key->pkey = pkey;
    sally_error error = SALLY_E_OK;
    if (!key->type)
        error = SALLY_E_UNSUPPORTED;
    else if (!size_is_usable(key))
        error = SALLY_E_KEY;
    else if (!key_put_public(pkey, type, &key->blob) || !key_describe(key) ||
             !key_put_private(pkey, type, &key->secret))
        error = SALLY_E_NO_MEMORY;
    else if (!halves_match(key))
        error = SALLY_E_KEY;
    if (error) {
        sally_key_unref(key);
        return error;
    }
    unbind(key);
    *out = key;
    return SALLY_E_OK;
}

static EVP_PKEY *object_of(const sally_key *key, struct crypto *c)
{
    struct cursor in = cursor_of_slice(buf_slice(key->signer ? &key->blob : &key->secret));
    get_string(&in); /* the type's name */
    library_begin();
    EVP_PKEY *pkey =
        key->signer ? key_get_public(c, key->type, &in) : key_get_private(c, key->type, &in);
    library_end(c);
    return pkey;
}

sally_error key_bind(sally_key **out, sally_key *key, struct crypto *c)
{
    *out = NULL;
    if (key->crypto == c) {
        *out = sally_key_ref(key);
        return SALLY_E_OK;
    }
    sally_key *bound = key_alloc(c, key->type);
    if (!bound)
        return SALLY_E_NO_MEMORY;
    put_bytes(&bound->blob, buf_head(&key->blob), key->blob.size);
    put_bytes(&bound->secret, buf_head(&key->secret), key->secret.size);
    memcpy(bound->fingerprint, key->fingerprint, sizeof bound->fingerprint);
    bound->line = mem_strdup(key->line);
    bound->signer = signer_ref(key->signer);
    bound->pkey = object_of(key, c);
    /* Another context like this one has accepted the key before, so only memory can be short. */
    if (!bound->pkey || !bound->line || bound->blob.failed || bound->secret.failed) {
        sally_key_unref(bound);
        return SALLY_E_NO_MEMORY;
    }
    *out = bound;
    return SALLY_E_OK;
}

/* Asked between steps of the search for primes. */
static int goes_on(EVP_PKEY_CTX *context)
{
    const atomic_bool *stop = EVP_PKEY_CTX_get_app_data(context);
    return !stop || !atomic_load_explicit(stop, memory_order_relaxed);
}

static EVP_PKEY *generate_rsa(struct crypto *c, uint32_t bits, const atomic_bool *stop)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(c->lib, "RSA", NULL);
    if (context && EVP_PKEY_keygen_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) == 1) {
        EVP_PKEY_CTX_set_app_data(context, (void *)(uintptr_t)stop);
        EVP_PKEY_CTX_set_cb(context, goes_on);
        if (EVP_PKEY_generate(context, &pkey) != 1)
            pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static EVP_PKEY *generate(struct crypto *c, const struct key_type *type, uint32_t bits,
                          const atomic_bool *stop)
{
    if (type->kind == KEY_RSA)
        return generate_rsa(c, bits, stop);
    if (type->kind == KEY_ECDSA)
        return EVP_PKEY_Q_keygen(c->lib, NULL, "EC", type->group);
    return EVP_PKEY_Q_keygen(c->lib, NULL, "ED25519");
}

sally_error key_generate_until(sally_key **out, const char *type_name, uint32_t bits,
                               const atomic_bool *stop)
{
    *out = NULL;
    const struct key_type *type = key_type_by_short_name(type_name);
    struct crypto *c;
    if (!type)
        return SALLY_E_UNSUPPORTED;
    if (bits == 0)
        bits = RSA_BITS_DEFAULT;
    if (type->kind == KEY_RSA && (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX))
        return SALLY_E_RANGE;
    sally_error error = crypto_new(&c);
    if (error)
        return error;
    library_begin();
    EVP_PKEY *pkey = generate(c, type, bits, stop);
    library_end(c);
    if (pkey)
        error = key_new(out, c, pkey);
    else
        error = stop && atomic_load(stop) ? SALLY_E_CLOSED : SALLY_E_CRYPTO;
    crypto_unref(c);
    return error;
}

sally_error sally_key_generate(sally_key **out, const char *type_name, uint32_t bits)
{
    return key_generate_until(out, type_name, bits, NULL);
}

static sally_error read_key(struct crypto *c, struct slice text, const char *passphrase,
                            EVP_PKEY **out)
{
    struct pem pem;
    sally_error error = pem_parse(text, &pem);
    if (!error && pem.label == PEM_OPENSSH)
        error = openssh_key_parse(c, buf_slice(&pem.binary), passphrase, out);
    else if (!error)
        error = pem_decode(c, &pem, passphrase, out);
    pem_clear(&pem);
    return error;
}

sally_error sally_key_parse(sally_key **out, const void *data, size_t size, const char *passphrase)
{
    *out = NULL;
    struct slice text = {data, size};
    struct crypto *c;
    EVP_PKEY *pkey = NULL;
    if (size > KEY_PRIVATE_MAX)
        return SALLY_E_PARSE;
    sally_error error = crypto_new(&c);
    if (error)
        return error;
    library_begin();
    error = read_key(c, text, passphrase, &pkey);
    library_end(c);
    if (!error)
        error = key_new(out, c, pkey);
    crypto_unref(c);
    return error;
}

const char *sally_key_type(const sally_key *key)
{
    return key->type->name;
}

const char *sally_key_fingerprint(const sally_key *key)
{
    return key->fingerprint;
}

const char *sally_key_public_line(const sally_key *key)
{
    return key->line;
}

sally_key *sally_key_ref(sally_key *key)
{
    atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    return key;
}

void sally_key_unref(sally_key *key)
{
    if (!key || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
        return;
    unbind(key);
    buf_clear(&key->blob);
    buf_clear(&key->secret);
    signer_unref(key->signer);
    mem_free(key->line);
    mem_free(key);
}

struct slice key_blob(const sally_key *key)
{
    return buf_slice(&key->blob);
}

const void *sally_key_public_blob(const sally_key *key, size_t *size)
{
    *size = key->blob.size;
    return buf_head(&key->blob);
}

bool key_may_block(const sally_key *key)
{
    return key->signer != NULL;
}

static sally_error sign_with(const sally_key *key, struct crypto *c, EVP_PKEY *pkey,
                             const char *algorithm, struct slice data, struct buf *signature)
{
    return key->signer ? signer_sign(key->signer, c, pkey, key->type, algorithm, data, signature)
                       : signature_make(c, pkey, key->type, algorithm, data, signature);
}

sally_error key_sign(const sally_key *key, const char *algorithm, struct slice data,
                     struct buf *signature)
{
    if (key->pkey)
        return sign_with(key, key->crypto, key->pkey, algorithm, data, signature);
    struct crypto *c;
    sally_error error = crypto_new(&c);
    if (error)
        return error;
    EVP_PKEY *pkey = object_of(key, c);
    error = pkey ? sign_with(key, c, pkey, algorithm, data, signature) : SALLY_E_NO_MEMORY;
    EVP_PKEY_free(pkey);
    crypto_unref(c);
    return error;
}
