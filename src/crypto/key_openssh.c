/* The format of OpenSSH's private keys (PROTOCOL.key): read plain or encrypted, written plain. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/bcrypt_pbkdf.h"
#include "crypto/private_key.h"

#define MAGIC       "openssh-key-v1" /* its NUL belongs to it */
#define PLAIN_BLOCK 8                /* the block size of the cipher "none" */
#define LINE_SIZE   70               /* characters of base64, as ssh-keygen writes them */
#define PADDING_MAX 255
#define CHECK       0x53616c6c

#define TAG_SIZE 16

static const struct box_cipher {
    const char *name, *library_name;
    size_t key_size, iv_size, tag_size;
} box_ciphers[] = {
    {"aes256-ctr", "AES-256-CTR", 32, 16, 0}, /* ssh-keygen's own choice */
    {"aes192-ctr", "AES-192-CTR", 24, 16, 0},
    {"aes128-ctr", "AES-128-CTR", 16, 16, 0},
    {"aes256-cbc", "AES-256-CBC", 32, 16, 0},
    {"aes192-cbc", "AES-192-CBC", 24, 16, 0},
    {"aes128-cbc", "AES-128-CBC", 16, 16, 0},
    {"aes256-gcm@openssh.com", "AES-256-GCM", 32, 12, TAG_SIZE},
    {"aes128-gcm@openssh.com", "AES-128-GCM", 16, 12, TAG_SIZE},
};
#define CIPHER_BLOCK 16 /* of all of them */

struct container {
    struct slice cipher, kdf, kdf_options, public_blob, private_part, rest;
};

static sally_error open_container(struct slice binary, struct container *out)
{
    struct cursor in = cursor_of_slice(binary);
    struct slice magic = get_bytes(&in, sizeof MAGIC);
    if (in.bad || memcmp(magic.data, MAGIC, sizeof MAGIC) != 0)
        return SALLY_E_PARSE;
    out->cipher = get_string(&in);
    out->kdf = get_string(&in);
    out->kdf_options = get_string(&in);
    uint32_t count = get_u32(&in);
    out->public_blob = get_string(&in);
    out->private_part = get_string(&in);
    out->rest = cursor_rest(&in); /* some ciphers have tags there */
    if (in.bad)
        return SALLY_E_PARSE;
    if (count != 1)
        return SALLY_E_UNSUPPORTED;
    return SALLY_E_OK;
}

static bool padding_is_right(struct cursor *in)
{
    if (cursor_left(in) > PADDING_MAX)
        return false;
    for (uint8_t expected = 1; cursor_left(in) > 0; expected++)
        if (get_u8(in) != expected)
            return false;
    return true;
}

/* The public key is stored twice; the outer copy could have been changed even if the inner one is
 * encrypted. */
static bool blob_matches(const EVP_PKEY *pkey, const struct key_type *type, struct slice blob)
{
    struct buf right;
    buf_init(&right, KEY_BLOB_MAX);
    bool ok = key_put_public(pkey, type, &right) && slice_equal(buf_slice(&right), blob);
    buf_clear(&right);
    return ok;
}

/* `mismatch`: what it means that the two check numbers differ. */
static sally_error parse_private(struct crypto *c, struct slice part, struct slice blob,
                                 sally_error mismatch, EVP_PKEY **out)
{
    struct cursor in = cursor_of_slice(part);
    uint32_t check = get_u32(&in), again = get_u32(&in);
    if (in.bad || part.size % PLAIN_BLOCK != 0)
        return SALLY_E_PARSE;
    if (check != again)
        return mismatch;
    const struct key_type *type = key_type_find(get_string(&in));
    if (in.bad)
        return SALLY_E_PARSE;
    if (!type)
        return SALLY_E_UNSUPPORTED;
    EVP_PKEY *pkey = key_get_private(c, type, &in);
    if (!pkey)
        return in.bad ? SALLY_E_PARSE : SALLY_E_KEY;
    get_string(&in); /* the comment */
    if (in.bad || !padding_is_right(&in) || !blob_matches(pkey, type, blob)) {
        EVP_PKEY_free(pkey);
        return SALLY_E_PARSE;
    }
    *out = pkey;
    return SALLY_E_OK;
}

static bool decrypt(struct crypto *c, const struct box_cipher *how, const uint8_t *secrets,
                    const struct container *box, uint8_t *out)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(c->lib, how->library_name, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_SIZE];
    OSSL_PARAM set_tag[2] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, sizeof tag),
        OSSL_PARAM_END,
    };
    int size, tail;
    if (how->tag_size)
        memcpy(tag, box->rest.data, sizeof tag);
    bool ok = cipher && context &&
              EVP_DecryptInit_ex2(context, cipher, secrets, secrets + how->key_size,
                                  how->tag_size ? set_tag : NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
              EVP_DecryptUpdate(context, out, &size, box->private_part.data,
                                (int)box->private_part.size) == 1 &&
              EVP_DecryptFinal_ex(context, out + size, &tail) == 1;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return ok;
}

static const struct box_cipher *find_cipher(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(box_ciphers); i++)
        if (slice_is(name, box_ciphers[i].name))
            return &box_ciphers[i];
    return NULL;
}

/* `plain` is a secret buf. */
static sally_error open_encrypted(struct crypto *c, const struct container *box,
                                  const char *passphrase, struct buf *plain)
{
    uint8_t secrets[BCRYPT_PBKDF_KEY_MAX];
    const struct box_cipher *how = find_cipher(box->cipher);
    struct cursor options = cursor_of_slice(box->kdf_options);
    struct slice salt = get_string(&options);
    uint32_t rounds = get_u32(&options);
    if (!how || !slice_is(box->kdf, "bcrypt"))
        return SALLY_E_UNSUPPORTED;
    if (!cursor_done(&options) || salt.size == 0 || rounds == 0 ||
        box->rest.size != how->tag_size || box->private_part.size == 0 ||
        box->private_part.size % CIPHER_BLOCK != 0)
        return SALLY_E_PARSE;
    if (rounds > BCRYPT_PBKDF_ROUNDS_MAX)
        return SALLY_E_LIMIT;
    if (!passphrase || !*passphrase)
        return SALLY_E_PASSPHRASE;
    uint8_t *out = buf_extend(plain, box->private_part.size);
    if (!out)
        return SALLY_E_NO_MEMORY;
    sally_error error = SALLY_E_CRYPTO;
    if (bcrypt_pbkdf(c, passphrase, salt, rounds, secrets, how->key_size + how->iv_size))
        error = decrypt(c, how, secrets, box, out) ? SALLY_E_OK : SALLY_E_PASSPHRASE;
    mem_wipe(secrets, sizeof secrets);
    return error;
}

sally_error openssh_key_parse(struct crypto *c, struct slice binary, const char *passphrase,
                              EVP_PKEY **out)
{
    struct container box;
    struct buf plain;
    sally_error error = open_container(binary, &box);
    if (error)
        return error;
    if (slice_is(box.cipher, "none")) {
        if (!slice_is(box.kdf, "none") || box.kdf_options.size != 0 || box.rest.size != 0)
            return SALLY_E_PARSE;
        return parse_private(c, box.private_part, box.public_blob, SALLY_E_PARSE, out);
    }
    buf_init_secret(&plain, KEY_PRIVATE_MAX);
    error = open_encrypted(c, &box, passphrase, &plain);
    if (!error)
        error = parse_private(c, buf_slice(&plain), box.public_blob, SALLY_E_PASSPHRASE, out);
    buf_clear(&plain);
    return error;
}

/* The repeated number shows whether a passphrase was right; without a passphrase, any number
 * works. */
static void put_private_part(const sally_key *key, const char *comment, struct buf *out)
{
    struct buf part;
    buf_init_secret(&part, KEY_PRIVATE_MAX);
    put_u32(&part, CHECK);
    put_u32(&part, CHECK);
    put_bytes(&part, buf_head(&key->secret), key->secret.size);
    put_text(&part, comment);
    for (uint8_t i = 1; part.size % PLAIN_BLOCK != 0 && !part.failed; i++)
        put_u8(&part, i);
    if (part.failed)
        out->failed = true;
    put_slice(out, buf_slice(&part));
    buf_clear(&part);
}

static void put_lines(struct slice base64, struct buf *text)
{
    struct cursor in = cursor_of_slice(base64);
    while (cursor_left(&in) > 0) {
        size_t size = cursor_left(&in) < LINE_SIZE ? cursor_left(&in) : LINE_SIZE;
        put_bytes(text, cursor_read(&in, size), size);
        put_u8(text, '\n');
    }
}

sally_error openssh_key_build(const sally_key *key, const char *comment, struct buf *text)
{
    struct buf binary, base64;
    if (key->signer)
        return SALLY_E_UNSUPPORTED;
    buf_init_secret(&binary, KEY_PRIVATE_MAX);
    buf_init_secret(&base64, 2 * KEY_PRIVATE_MAX);
    put_bytes(&binary, MAGIC, sizeof MAGIC);
    put_text(&binary, "none");
    put_text(&binary, "none");
    put_u32(&binary, 0);
    put_u32(&binary, 1);
    put_slice(&binary, buf_slice(&key->blob));
    put_private_part(key, comment, &binary);
    if (!binary.failed)
        base64_encode(buf_slice(&binary), true, &base64);
    bool ok = !binary.failed && !base64.failed;
    if (ok) {
        put_format(text, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
        put_lines(buf_slice(&base64), text);
        put_format(text, "-----END OPENSSH PRIVATE KEY-----\n");
        ok = !text->failed;
    }
    buf_clear(&binary);
    buf_clear(&base64);
    return ok ? SALLY_E_OK : SALLY_E_NO_MEMORY;
}
