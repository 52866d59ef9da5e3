/* What a signer hands over: a byte that picks the key and the form, and its signature, which is
 * wrong, unless someone has broken the algorithm. And the same bytes as a public half. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/public_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sally_error sign(void *user_data, sally_sign_request *request)
{
    struct slice *s = user_data;
    if (s->size > request->signature_room)
        return SALLY_E_LIMIT;
    if (s->size)
        memcpy(request->signature, s->data, s->size);
    request->signature_size = s->size;
    return SALLY_E_OK;
}

static sally_key *key_of(size_t index)
{
    static const char *const types[] = {"ed25519", "ecdsa-nistp256", "ecdsa-nistp384",
                                        "ecdsa-nistp521", "rsa"};
    static sally_key *keys[COUNT_OF(types)];
    index %= COUNT_OF(types);
    if (!keys[index] && sally_key_generate(&keys[index], types[index], 2048) != SALLY_E_OK)
        abort();
    return keys[index];
}

static void sign_with(uint8_t choice, struct slice signature)
{
    static struct crypto *crypto;
    if (!crypto && crypto_new(&crypto) != SALLY_E_OK)
        abort();
    sally_key *holder = key_of(choice), *key, *bound;
    const sally_signer signer = {.struct_size = sizeof signer,
                                 .public_line = sally_key_public_line(holder),
                                 .format = choice / 5 % 3,
                                 .sign = sign,
                                 .user_data = &signature};
    bool is_rsa = strcmp(sally_key_type(holder), "ssh-rsa") == 0;
    struct buf out;
    buf_init(&out, 8192);
    if (sally_key_from_signer(&key, &signer) != SALLY_E_OK ||
        key_bind(&bound, key, crypto) != SALLY_E_OK)
        abort();
    if (key_sign(bound, is_rsa ? "rsa-sha2-256" : sally_key_type(holder), slice_of("text"), &out) ==
            SALLY_E_OK ||
        out.size != 0)
        abort();
    buf_clear(&out);
    sally_key_unref(bound);
    sally_key_unref(key);
}

static void read_public(struct slice half)
{
    char *line = slice_has_nul(half) ? NULL : slice_strdup(half);
    sally_signer signer = {.struct_size = sizeof signer, .public_line = line, .sign = sign};
    if (!line) {
        signer.public_blob = half.data;
        signer.public_blob_size = half.size;
    }
    sally_key *key;
    if (sally_key_from_signer(&key, &signer) == SALLY_E_OK && !*sally_key_public_line(key))
        abort();
    sally_key_unref(key);
    mem_free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct slice rest = {data + 1, size - 1};
    sign_with(data[0], rest);
    read_public(rest);
    return 0;
}
