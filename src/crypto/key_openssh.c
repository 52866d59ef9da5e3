/* The format of OpenSSH's private keys (PROTOCOL.key), unencrypted. */
#include <string.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/private_key.h"

#define MAGIC       "openssh-key-v1" /* its NUL belongs to it */
#define PLAIN_BLOCK 8                /* the block size of the cipher "none" */
#define LINE_SIZE   70               /* characters of base64, as ssh-keygen writes them */
#define PADDING_MAX 255

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
    out->rest = cursor_rest(&in); /* the tags of some ciphers stand there */
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

/* The public half comes twice; the one outside could have been changed even where the one inside is
 * encrypted. */
static bool blob_matches(const EVP_PKEY *pkey, const struct key_type *type, struct slice blob)
{
    struct buf right;
    buf_init(&right, KEY_BLOB_MAX);
    bool ok = key_put_public(pkey, type, &right) && slice_equal(buf_slice(&right), blob);
    buf_clear(&right);
    return ok;
}

static sally_error parse_private(struct crypto *c, struct slice part, struct slice blob,
                                 EVP_PKEY **out)
{
    struct cursor in = cursor_of_slice(part);
    uint32_t check = get_u32(&in);
    if (check != get_u32(&in) || in.bad || part.size % PLAIN_BLOCK != 0)
        return SALLY_E_PARSE;
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

sally_error openssh_key_parse(struct crypto *c, struct slice binary, const char *passphrase,
                              EVP_PKEY **out)
{
    struct container box;
    (void)passphrase;
    sally_error error = open_container(binary, &box);
    if (error)
        return error;
    if (!slice_is(box.cipher, "none"))
        return SALLY_E_UNSUPPORTED;
    if (!slice_is(box.kdf, "none") || box.kdf_options.size != 0 || box.rest.size != 0)
        return SALLY_E_PARSE;
    return parse_private(c, box.private_part, box.public_blob, out);
}

static void put_private_part(const sally_key *key, const char *comment, struct buf *out)
{
    uint32_t check = 0;
    struct random_source random = crypto_random(key->crypto);
    struct buf part;
    buf_init_secret(&part, KEY_PRIVATE_MAX);
    if (!random_fill(&random, (uint8_t *)&check, sizeof check))
        out->failed = true;
    put_u32(&part, check);
    put_u32(&part, check);
    if (!key_put_private(key->pkey, key->type, &part))
        out->failed = true;
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
        put_bytes(text, cursor_take(&in, size), size);
        put_u8(text, '\n');
    }
}

sally_error openssh_key_build(const sally_key *key, const char *comment, struct buf *text)
{
    struct buf binary, base64;
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
