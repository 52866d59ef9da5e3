/* Keys whose private half is elsewhere: a callback signs (signer.c). */
#include <string.h>

#include "base/mem.h"
#include "base/sized.h"
#include "crypto/base64.h"
#include "crypto/private_key.h"

/* The size of the first release's structure. */
#define LEAST_SIGNER SIZED_TO(sally_signer, user_data)

/* "type base64 [comment]" */
static sally_error read_line(const char *line, struct buf *blob)
{
    size_t type_size = strcspn(line, " ");
    const char *text = line + type_size + strspn(line + type_size, " ");
    struct slice type = {(const uint8_t *)line, type_size};
    struct slice base64 = {(const uint8_t *)text, strcspn(text, " \t\r\n")};
    if (base64.size > KEY_BLOB_MAX) /* what it says is less, and fits */
        return SALLY_E_PARSE;
    if (!base64_decode(base64, blob))
        return blob->failed ? SALLY_E_NO_MEMORY : SALLY_E_PARSE;
    struct cursor in = cursor_of_slice(buf_slice(blob));
    return slice_equal(get_string(&in), type) ? SALLY_E_OK : SALLY_E_PARSE;
}

static sally_error read_public(const sally_signer *signer, struct buf *blob)
{
    if (signer->public_line)
        return read_line(signer->public_line, blob);
    if (signer->public_blob_size > KEY_BLOB_MAX)
        return SALLY_E_PARSE;
    put_bytes(blob, signer->public_blob, signer->public_blob_size);
    return blob->failed ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

static sally_error new_key(sally_key **out, struct crypto *c, struct slice blob)
{
    struct public_key *public;
    sally_error error = public_key_parse(&public, c, blob);
    if (error)
        return error;
    sally_key *key = key_alloc(c, key_type_find(slice_of(public_key_type(public))));
    public_key_free(public);
    if (!key)
        return SALLY_E_NO_MEMORY;
    put_bytes(&key->blob, blob.data, blob.size);
    if (key->blob.failed || !key_describe(key)) {
        sally_key_unref(key);
        return SALLY_E_NO_MEMORY;
    }
    crypto_unref(key->crypto); /* it is bound later */
    key->crypto = NULL;
    *out = key;
    return SALLY_E_OK;
}

static sally_error new_key_of(sally_key **out, const sally_signer *signer)
{
    struct crypto *c;
    sally_error error = crypto_new(&c);
    if (error)
        return error;
    struct buf blob;
    buf_init(&blob, KEY_BLOB_MAX);
    error = read_public(signer, &blob);
    if (!error)
        error = new_key(out, c, buf_slice(&blob));
    buf_clear(&blob);
    crypto_unref(c);
    return error;
}

static bool is_complete(const sally_signer *s)
{
    return s->sign && s->format <= SALLY_SIGNATURE_SSH && !s->reserved &&
           (s->public_line != NULL) != (s->public_blob != NULL);
}

sally_error sally_key_from_signer(sally_key **out, const sally_signer *methods)
{
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    sally_signer copy;
    if (!methods || !sized_copy(&copy, sizeof copy, methods, methods->struct_size, LEAST_SIGNER) ||
        !is_complete(&copy))
        return SALLY_E_INVALID;
    sally_key *key = NULL;
    sally_error error = new_key_of(&key, &copy);
    if (error)
        return error;
    key->signer = signer_new(&copy);
    if (!key->signer) {
        sally_key_unref(key);
        return SALLY_E_NO_MEMORY;
    }
    *out = key;
    return SALLY_E_OK;
}
