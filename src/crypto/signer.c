/* Signatures that a callback makes: what it returns is put into the form of the wire and verified,
 * so that a broken device is our problem and not the clients'. */
#include "base/mem.h"
#include "crypto/private_key.h"

#define SIGNATURE_ROOM 4096 /* RSA of 16384 bits in the form of SSH needs less than 2.1 KiB */

struct signer {
    atomic_uint refs; /* of keys: one that is bound shares it with the one it was made from */
    sally_signer methods;
};

struct signer *signer_new(const sally_signer *methods)
{
    struct signer *signer = mem_zalloc(sizeof *signer);
    if (!signer)
        return NULL;
    atomic_init(&signer->refs, 1);
    signer->methods = *methods;
    signer->methods.public_line = NULL; /* not ours */
    signer->methods.public_blob = NULL;
    return signer;
}

struct signer *signer_ref(struct signer *signer)
{
    if (signer)
        atomic_fetch_add_explicit(&signer->refs, 1, memory_order_relaxed);
    return signer;
}

void signer_unref(struct signer *signer)
{
    if (!signer || atomic_fetch_sub_explicit(&signer->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (signer->methods.destroy)
        signer->methods.destroy(signer->methods.user_data);
    mem_free(signer);
}

/* RFC 8332 section 3 has as many bytes as the modulus; some agents drop leading zeros. */
static bool put_rsa(struct slice raw, size_t size, struct buf *out)
{
    if (raw.size == 0 || raw.size > size)
        return false;
    put_u32(out, (uint32_t)size);
    for (size_t i = raw.size; i < size; i++)
        put_u8(out, 0);
    put_bytes(out, raw.data, raw.size);
    return true;
}

static bool put_fixed(struct slice raw, size_t field_size, struct buf *out)
{
    if (raw.size != 2 * field_size)
        return false;
    struct cursor in = cursor_of_slice(raw);
    for (int i = 0; i < 2; i++) {
        struct slice number = get_bytes(&in, field_size);
        put_mpint(out, number.data, number.size);
    }
    return true;
}

static bool put_ecdsa(const struct signer *signer, const struct key_type *type, struct slice raw,
                      struct buf *out)
{
    size_t place = put_string_begin(out);
    bool ok = true;
    if (signer->methods.format == SALLY_SIGNATURE_DER)
        ok = signature_put_der(raw, out);
    else if (signer->methods.format == SALLY_SIGNATURE_FIXED)
        ok = put_fixed(raw, type->field_size, out);
    else
        put_bytes(out, raw.data, raw.size);
    put_string_end(out, place);
    return ok;
}

static bool put_wire(const struct signer *signer, EVP_PKEY *public, const struct key_type *type,
                     const char *algorithm, struct slice raw, struct buf *out)
{
    if (signer->methods.format == SALLY_SIGNATURE_SSH) {
        struct cursor in = cursor_of_slice(raw);
        struct slice name = get_string(&in);
        raw = get_string(&in);
        if (!cursor_done(&in) || !slice_is(name, algorithm))
            return false;
    }
    put_text(out, algorithm);
    if (type->kind == KEY_RSA)
        return put_rsa(raw, (size_t)EVP_PKEY_get_size(public), out);
    if (type->kind == KEY_ECDSA)
        return put_ecdsa(signer, type, raw, out);
    put_slice(out, raw);
    return true;
}

static const char *public_name(enum hash_id hash)
{
    switch (hash) {
    case HASH_SHA1:
        return "SHA1";
    case HASH_SHA256:
        return "SHA256";
    case HASH_SHA384:
        return "SHA384";
    case HASH_SHA512:
        return "SHA512";
    default:
        return NULL;
    }
}

/* The signer's own form, into `made`. */
static sally_error ask(const struct signer *signer, struct crypto *c, const char *algorithm,
                       enum hash_id hash, struct slice data, struct buf *made)
{
    uint8_t digest[HASH_MAX_SIZE];
    sally_sign_request request = {.struct_size = sizeof request,
                                  .algorithm = algorithm,
                                  .data = data.data,
                                  .data_size = data.size,
                                  .signature = buf_reserve(made, SIGNATURE_ROOM),
                                  .signature_room = SIGNATURE_ROOM};
    if (!request.signature)
        return SALLY_E_NO_MEMORY;
    if (hash != HASH_COUNT) {
        if (!hash_once(c, hash, data.data, data.size, digest))
            return SALLY_E_CRYPTO;
        request.digest_name = public_name(hash);
        request.digest = digest;
        request.digest_size = hash_size(hash);
    }
    sally_error error = signer->methods.sign(signer->methods.user_data, &request);
    if (error)
        return error;
    if (request.signature_size > SIGNATURE_ROOM)
        return SALLY_E_KEY;
    buf_commit(made, request.signature_size);
    return SALLY_E_OK;
}

static bool is_right(const struct signer *signer, struct crypto *c, EVP_PKEY *public,
                     const struct key_type *type, const char *algorithm, struct slice data,
                     struct slice made, struct buf *wire)
{
    library_begin();
    bool ok = put_wire(signer, public, type, algorithm, made, wire);
    library_end(c);
    return ok && signature_verify(c, public, type, algorithm, buf_slice(wire), data);
}

sally_error signer_sign(const struct signer *signer, struct crypto *c, EVP_PKEY *public,
                        const struct key_type *type, const char *algorithm, struct slice data,
                        struct buf *signature)
{
    enum hash_id hash;
    sally_error error = signature_hash(algorithm, type, &hash);
    if (error)
        return error;
    struct buf made, wire;
    buf_init_secret(&made, SIGNATURE_ROOM);
    buf_init_secret(&wire, 2 * SIGNATURE_ROOM);
    error = ask(signer, c, algorithm, hash, data, &made);
    if (!error && !is_right(signer, c, public, type, algorithm, data, buf_slice(&made), &wire))
        error = wire.failed ? SALLY_E_NO_MEMORY : SALLY_E_KEY;
    if (!error) {
        put_bytes(signature, buf_head(&wire), wire.size);
        if (signature->failed)
            error = SALLY_E_NO_MEMORY;
    }
    buf_clear(&made);
    buf_clear(&wire);
    return error;
}
