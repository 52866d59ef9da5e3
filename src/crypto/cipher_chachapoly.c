/* chacha20-poly1305@openssh.com (OpenSSH's PROTOCOL.chacha20poly1305). It is not the AEAD of RFC
 * 8439: the length has a key of its own, and the tag covers length and text without padding; so the
 * two primitives are combined here. */
#include <openssl/crypto.h>
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/cipher_family.h"

#define KEY_SIZE     32
#define IV_SIZE      16 /* the library's: block counter, then nonce, eight bytes each */
#define CHACHA_BLOCK 64
/* The MAC's key and the stream for the beginning of the text come from one call: four blocks take
 * the time of one. */
#define STREAM_TEXT (3 * CHACHA_BLOCK)
#define TAG_SIZE    16

struct chachapoly {
    struct packet_cipher base;
    struct crypto *crypto;
    EVP_CIPHER_CTX *text;   /* K_2 */
    EVP_CIPHER_CTX *length; /* K_1 */
    EVP_MAC_CTX *mac;
};

static bool update(EVP_CIPHER_CTX *context, uint8_t *out, const uint8_t *in, size_t size)
{
    int done;
    return size == 0 || EVP_EncryptUpdate(context, out, &done, in, (int)size) == 1;
}

/* Counter 0, and the sequence number as the nonce. */
static bool start(EVP_CIPHER_CTX *context, uint32_t sequence)
{
    uint8_t iv[IV_SIZE] = {0};
    wire_put_u32(iv + IV_SIZE - 4, sequence);
    return EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL) == 1;
}

static bool crypt_length(struct chachapoly *cp, uint32_t sequence, uint8_t *out, const uint8_t *in)
{
    return start(cp->length, sequence) && update(cp->length, out, in, PACKET_LENGTH_FIELD);
}

/* The first blocks of the stream of K_2. Block 0 keys the MAC, the others are for the text. */
struct first_blocks {
    uint8_t mac_key[CHACHA_BLOCK];
    uint8_t text[STREAM_TEXT];
};

static bool start_text(struct chachapoly *cp, uint32_t sequence, struct first_blocks *stream)
{
    uint8_t *bytes = (uint8_t *)stream;
    memset(bytes, 0, sizeof *stream);
    return start(cp->text, sequence) && update(cp->text, bytes, bytes, sizeof *stream) &&
           EVP_MAC_init(cp->mac, stream->mac_key, KEY_SIZE, NULL) == 1;
}

/* In place, from the beginning of the text. */
static bool crypt_first(struct chachapoly *cp, const struct first_blocks *stream, uint8_t *data,
                        size_t size)
{
    size_t known = size < STREAM_TEXT ? size : STREAM_TEXT;
    for (size_t i = 0; i < known; i++)
        data[i] ^= stream->text[i];
    return update(cp->text, data + known, data + known, size - known);
}

static bool authenticate(struct chachapoly *cp, const uint8_t *data, size_t size, uint8_t *tag)
{
    size_t tag_size;
    return EVP_MAC_update(cp->mac, data, size) == 1 &&
           EVP_MAC_final(cp->mac, tag, &tag_size, TAG_SIZE) == 1 && tag_size == TAG_SIZE;
}

static bool seal(struct packet_cipher *pc, uint32_t sequence, struct slice head, struct slice body,
                 const uint8_t *padding, size_t padding_size, uint32_t packet_length, uint8_t *out)
{
    struct chachapoly *cp = (struct chachapoly *)pc;
    struct packet_pieces p = packet_layout(out, PACKET_LENGTH_FIELD, STREAM_TEXT, packet_length,
                                           head, body, padding, padding_size);
    size_t size = PACKET_LENGTH_FIELD + packet_length;
    struct first_blocks stream;
    bool ok = crypt_length(cp, sequence, out, out) && start_text(cp, sequence, &stream) &&
              crypt_first(cp, &stream, p.first, p.first_size) &&
              update(cp->text, p.first + p.first_size, p.bulk, p.bulk_size) &&
              update(cp->text, p.last, p.last, p.last_size) &&
              authenticate(cp, out, size, out + size);
    OPENSSL_cleanse(&stream, sizeof stream);
    return ok;
}

static bool open_length(struct packet_cipher *pc, uint32_t sequence, uint8_t *data,
                        uint32_t *packet_length)
{
    uint8_t plain[PACKET_LENGTH_FIELD]; /* the MAC needs the field as received */
    if (!crypt_length((struct chachapoly *)pc, sequence, plain, data))
        return false;
    *packet_length = wire_get_u32(plain);
    return true;
}

static bool open(struct packet_cipher *pc, uint32_t sequence, uint8_t *data, uint32_t packet_length)
{
    struct chachapoly *cp = (struct chachapoly *)pc;
    uint8_t *text = data + PACKET_LENGTH_FIELD, tag[TAG_SIZE];
    struct first_blocks stream;
    bool ok = start_text(cp, sequence, &stream) &&
              authenticate(cp, data, PACKET_LENGTH_FIELD + packet_length, tag) &&
              mem_equal_ct(tag, text + packet_length, TAG_SIZE) &&
              crypt_first(cp, &stream, text, packet_length);
    OPENSSL_cleanse(&stream, sizeof stream);
    return ok;
}

static void destroy(struct packet_cipher *pc)
{
    struct chachapoly *cp = (struct chachapoly *)pc;
    EVP_CIPHER_CTX_free(cp->text);
    EVP_CIPHER_CTX_free(cp->length);
    EVP_MAC_CTX_free(cp->mac);
    crypto_unref(cp->crypto);
    mem_free(cp);
}

static EVP_CIPHER_CTX *keyed(const struct crypto *c, enum cipher_id id, const uint8_t *key)
{
    static const uint8_t iv[IV_SIZE];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context && EVP_EncryptInit_ex2(context, c->cipher[id], key, iv, NULL) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

static sally_error create(struct packet_cipher **out, struct crypto *c, bool sealing,
                          const struct cipher_row *cipher, const struct mac_row *mac,
                          const uint8_t *key, const uint8_t *iv, const uint8_t *mac_key)
{
    (void)sealing, (void)mac, (void)iv, (void)mac_key;
    if (!c->cipher[cipher->id] || !c->poly1305)
        return SALLY_E_UNSUPPORTED;
    struct chachapoly *cp = mem_zalloc(sizeof *cp);
    if (!cp)
        return SALLY_E_NO_MEMORY;
    cp->base.family = &cipher_chachapoly_family;
    cp->base.block_size = cipher->info.block_size;
    cp->base.tag_size = TAG_SIZE;
    cp->base.length_size = PACKET_LENGTH_FIELD;
    cp->crypto = crypto_ref(c);
    cp->text = keyed(c, cipher->id, key);
    cp->length = keyed(c, cipher->id, key + KEY_SIZE);
    cp->mac = EVP_MAC_CTX_new(c->poly1305);
    if (!cp->text || !cp->length || !cp->mac) {
        destroy(&cp->base);
        return SALLY_E_CRYPTO;
    }
    *out = &cp->base;
    return SALLY_E_OK;
}

const struct cipher_family cipher_chachapoly_family = {
    .create = create,
    .destroy = destroy,
    .seal = seal,
    .open_length = open_length,
    .open = open,
};
