/* AES in counter mode (RFC 4344) with HMAC (RFC 4253 section 6.4, RFC 6668), in both orders:
 * encrypt-and-MAC, where the tag covers the plain text and the length is encrypted, and the
 * -etm@openssh.com forms, where the tag covers what is on the wire and the length is in the clear.
 */
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/cipher_family.h"

#define AES_BLOCK      16
#define HMAC_BLOCK_MAX 128

struct ctr {
    struct packet_cipher base;
    struct crypto *crypto;
    EVP_CIPHER_CTX *cipher; /* one stream over all packets */
    /* The digest after its inner and its outer key block, to be copied (RFC 2104 section 4): that
     * is faster than both hashing the blocks for every packet and the library's own HMAC object. */
    EVP_MD_CTX *inner, *outer, *running;
    bool etm;
};

static bool hmac_begin(struct ctr *x, uint32_t sequence)
{
    uint8_t number[4];
    wire_put_u32(number, sequence);
    return EVP_MD_CTX_copy_ex(x->running, x->inner) == 1 &&
           EVP_DigestUpdate(x->running, number, sizeof number) == 1;
}

static bool hmac_add(struct ctr *x, const uint8_t *data, size_t size)
{
    return size == 0 || EVP_DigestUpdate(x->running, data, size) == 1;
}

static bool hmac_end(struct ctr *x, uint8_t *tag)
{
    uint8_t digest[HASH_MAX_SIZE];
    return EVP_DigestFinal_ex(x->running, digest, NULL) == 1 &&
           EVP_MD_CTX_copy_ex(x->running, x->outer) == 1 &&
           EVP_DigestUpdate(x->running, digest, x->base.tag_size) == 1 &&
           EVP_DigestFinal_ex(x->running, tag, NULL) == 1;
}

static bool crypt(struct ctr *x, uint8_t *out, const uint8_t *in, size_t size)
{
    int done;
    return size == 0 || EVP_EncryptUpdate(x->cipher, out, &done, in, (int)size) == 1;
}

static bool crypt_pieces(struct ctr *x, const struct packet_pieces *p)
{
    return crypt(x, p->first, p->first, p->first_size) &&
           crypt(x, p->first + p->first_size, p->bulk, p->bulk_size) &&
           crypt(x, p->last, p->last, p->last_size);
}

static bool seal(struct packet_cipher *pc, uint32_t sequence, struct slice head, struct slice body,
                 const uint8_t *padding, size_t padding_size, uint32_t packet_length, uint8_t *out)
{
    struct ctr *x = (struct ctr *)pc;
    size_t size = PACKET_LENGTH_FIELD + packet_length;
    struct packet_pieces p = packet_layout(out, x->etm ? PACKET_LENGTH_FIELD : 0, PACKET_UNIT,
                                           packet_length, head, body, padding, padding_size);
    if (x->etm)
        return crypt_pieces(x, &p) && hmac_begin(x, sequence) && hmac_add(x, out, size) &&
               hmac_end(x, out + size);
    return hmac_begin(x, sequence) && hmac_add(x, p.first, p.first_size) &&
           hmac_add(x, p.bulk, p.bulk_size) && hmac_add(x, p.last, p.last_size) &&
           hmac_end(x, out + size) && crypt_pieces(x, &p);
}

static bool open_length(struct packet_cipher *pc, uint32_t sequence, uint8_t *data,
                        uint32_t *packet_length)
{
    (void)sequence;
    struct ctr *x = (struct ctr *)pc;
    if (!x->etm && !crypt(x, data, data, AES_BLOCK))
        return false;
    *packet_length = wire_get_u32(data);
    return true;
}

static bool open(struct packet_cipher *pc, uint32_t sequence, uint8_t *data, uint32_t packet_length)
{
    struct ctr *x = (struct ctr *)pc;
    size_t size = PACKET_LENGTH_FIELD + packet_length;
    uint8_t tag[HASH_MAX_SIZE];
    /* Not EtM: the first block is open already, and sizes that hold no whole block have been
     * refused. */
    if (!x->etm && !crypt(x, data + AES_BLOCK, data + AES_BLOCK, size - AES_BLOCK))
        return false;
    if (!hmac_begin(x, sequence) || !hmac_add(x, data, size) || !hmac_end(x, tag) ||
        !mem_equal_ct(tag, data + size, x->base.tag_size))
        return false;
    return !x->etm ||
           crypt(x, data + PACKET_LENGTH_FIELD, data + PACKET_LENGTH_FIELD, packet_length);
}

static void destroy(struct packet_cipher *pc)
{
    struct ctr *x = (struct ctr *)pc;
    EVP_CIPHER_CTX_free(x->cipher);
    EVP_MD_CTX_free(x->inner);
    EVP_MD_CTX_free(x->outer);
    EVP_MD_CTX_free(x->running);
    crypto_unref(x->crypto);
    mem_free(x);
}

/* RFC 2104: the key, padded with zeros, every byte XORed with one value. Keys are never longer than
 * a block. */
static EVP_MD_CTX *keyed_digest(const EVP_MD *md, const uint8_t *key, size_t key_size, uint8_t mask)
{
    uint8_t block[HMAC_BLOCK_MAX];
    size_t block_size = (size_t)EVP_MD_get_block_size(md);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return NULL;
    memset(block, mask, sizeof block);
    for (size_t i = 0; i < key_size; i++)
        block[i] ^= key[i];
    bool ok = EVP_DigestInit_ex2(context, md, NULL) == 1 &&
              EVP_DigestUpdate(context, block, block_size) == 1;
    mem_wipe(block, sizeof block);
    if (ok)
        return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

static sally_error create(struct packet_cipher **out, struct crypto *c, bool sealing,
                          const struct cipher_row *cipher, const struct mac_row *mac,
                          const uint8_t *key, const uint8_t *iv, const uint8_t *mac_key)
{
    (void)sealing; /* a counter mode is its own inverse */
    const EVP_MD *md = c->digest[mac->hash];
    if (!md)
        return SALLY_E_UNSUPPORTED;
    struct ctr *x = mem_zalloc(sizeof *x);
    if (!x)
        return SALLY_E_NO_MEMORY;
    x->base.family = &cipher_ctr_family;
    x->base.block_size = cipher->info.block_size;
    x->base.tag_size = mac->info.tag_size;
    x->base.length_size = mac->info.etm ? PACKET_LENGTH_FIELD : AES_BLOCK;
    x->base.length_is_padded = !mac->info.etm;
    x->etm = mac->info.etm;
    x->crypto = crypto_ref(c);
    x->cipher = EVP_CIPHER_CTX_new();
    x->inner = keyed_digest(md, mac_key, mac->info.key_size, 0x36);
    x->outer = keyed_digest(md, mac_key, mac->info.key_size, 0x5c);
    x->running = EVP_MD_CTX_new();
    if (!x->cipher || !x->inner || !x->outer || !x->running ||
        EVP_EncryptInit_ex2(x->cipher, c->cipher[cipher->id], key, iv, NULL) != 1) {
        destroy(&x->base);
        return SALLY_E_CRYPTO;
    }
    *out = &x->base;
    return SALLY_E_OK;
}

const struct cipher_family cipher_ctr_family = {
    .create = create,
    .destroy = destroy,
    .seal = seal,
    .open_length = open_length,
    .open = open,
};
