/* aes128-gcm@openssh.com, aes256-gcm@openssh.com (RFC 5647, draft-miller-sshm-aes-gcm): the length
 * field is authenticated and not encrypted; the IV is four fixed bytes and a counter of packets. */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/cipher_family.h"

#define IV_SIZE       12
#define IV_FIXED_SIZE 4
#define TAG_SIZE      16

struct gcm {
    struct packet_cipher base;
    struct crypto *crypto;
    EVP_CIPHER_CTX *context; /* keyed once; a packet sets only its IV */
    uint8_t iv[IV_SIZE];
};

/* RFC 5647 section 7.1: only the counter moves, as one 64-bit number. */
static void next_iv(struct gcm *g)
{
    uint8_t *counter = g->iv + IV_FIXED_SIZE;
    wire_put_u64(counter, wire_get_u64(counter) + 1);
}

static bool update(struct gcm *g, uint8_t *out, const uint8_t *in, size_t size)
{
    int done;
    return size == 0 || EVP_CipherUpdate(g->context, out, &done, in, (int)size) == 1;
}

static bool seal(struct packet_cipher *pc, uint32_t sequence, struct slice head, struct slice body,
                 const uint8_t *padding, size_t padding_size, uint32_t packet_length, uint8_t *out)
{
    (void)sequence;
    struct gcm *g = (struct gcm *)pc;
    struct packet_pieces p = packet_layout(out, PACKET_LENGTH_FIELD, PACKET_UNIT, packet_length,
                                           head, body, padding, padding_size);
    uint8_t *tag = out + PACKET_LENGTH_FIELD + packet_length;
    OSSL_PARAM get_tag[2] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, TAG_SIZE),
        OSSL_PARAM_END,
    };
    int done;
    bool ok = EVP_EncryptInit_ex2(g->context, NULL, NULL, g->iv, NULL) == 1 &&
              update(g, NULL, out, PACKET_LENGTH_FIELD) &&
              update(g, p.first, p.first, p.first_size) &&
              update(g, p.first + p.first_size, p.bulk, p.bulk_size) &&
              update(g, p.last, p.last, p.last_size) &&
              EVP_EncryptFinal_ex(g->context, tag, &done) == 1 &&
              EVP_CIPHER_CTX_get_params(g->context, get_tag) == 1;
    next_iv(g);
    return ok;
}

static bool open_length(struct packet_cipher *pc, uint32_t sequence, uint8_t *data,
                        uint32_t *packet_length)
{
    (void)pc, (void)sequence;
    *packet_length = wire_get_u32(data);
    return true;
}

static bool open(struct packet_cipher *pc, uint32_t sequence, uint8_t *data, uint32_t packet_length)
{
    (void)sequence;
    struct gcm *g = (struct gcm *)pc;
    uint8_t *text = data + PACKET_LENGTH_FIELD;
    OSSL_PARAM set_tag[2] = {
        OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, text + packet_length, TAG_SIZE),
        OSSL_PARAM_END,
    };
    int done;
    bool ok = EVP_DecryptInit_ex2(g->context, NULL, NULL, g->iv, set_tag) == 1 &&
              update(g, NULL, data, PACKET_LENGTH_FIELD) && update(g, text, text, packet_length) &&
              EVP_DecryptFinal_ex(g->context, text + packet_length, &done) == 1;
    next_iv(g);
    return ok;
}

static void destroy(struct packet_cipher *pc)
{
    struct gcm *g = (struct gcm *)pc;
    EVP_CIPHER_CTX_free(g->context); /* wipes the key schedule */
    crypto_unref(g->crypto);
    mem_wipe_free(g, sizeof *g);
}

static sally_error create(struct packet_cipher **out, struct crypto *c, bool sealing,
                          const struct cipher_row *cipher, const struct mac_row *mac,
                          const uint8_t *key, const uint8_t *iv, const uint8_t *mac_key)
{
    (void)mac, (void)mac_key;
    struct gcm *g = mem_zalloc(sizeof *g);
    if (!g)
        return SALLY_E_NO_MEMORY;
    g->base.family = &cipher_gcm_family;
    g->base.block_size = cipher->info.block_size;
    g->base.tag_size = TAG_SIZE;
    g->base.length_size = PACKET_LENGTH_FIELD;
    g->crypto = crypto_ref(c);
    memcpy(g->iv, iv, IV_SIZE);
    g->context = EVP_CIPHER_CTX_new();
    if (!g->context ||
        EVP_CipherInit_ex2(g->context, c->cipher[cipher->id], key, g->iv, sealing, NULL) != 1) {
        destroy(&g->base);
        return SALLY_E_CRYPTO;
    }
    *out = &g->base;
    return SALLY_E_OK;
}

const struct cipher_family cipher_gcm_family = {
    .create = create,
    .destroy = destroy,
    .seal = seal,
    .open_length = open_length,
    .open = open,
};
