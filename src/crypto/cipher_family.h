/* What a family of packet ciphers implements, and the layout of a packet that they share. */
#ifndef SALLY_CRYPTO_CIPHER_FAMILY_H
#define SALLY_CRYPTO_CIPHER_FAMILY_H

#include "crypto/context.h"
#include "crypto/packet_cipher.h"

#define PACKET_LENGTH_FIELD 4u
#define PADDING_MIN         4u

struct cipher_row;
struct mac_row;

/* The arguments are those of packet_cipher.h. */
struct cipher_family {
    sally_error (*create)(struct packet_cipher **out, struct crypto *c, bool seal,
                          const struct cipher_row *cipher, const struct mac_row *mac,
                          const uint8_t *key, const uint8_t *iv, const uint8_t *mac_key);
    void (*destroy)(struct packet_cipher *pc);
    /* `packet_length` is right for head, body and `padding_size`. */
    bool (*seal)(struct packet_cipher *pc, uint32_t sequence, struct slice head, struct slice body,
                 const uint8_t *padding, size_t padding_size, uint32_t packet_length, uint8_t *out);
    bool (*open_length)(struct packet_cipher *pc, uint32_t sequence, uint8_t *data,
                        uint32_t *packet_length);
    /* Verifies and decrypts in place; the padding is checked afterwards. */
    bool (*open)(struct packet_cipher *pc, uint32_t sequence, uint8_t *data,
                 uint32_t packet_length);
};

/* The first member of every family's own struct. */
struct packet_cipher {
    const struct cipher_family *family;
    size_t block_size;
    size_t tag_size;
    size_t length_size;    /* bytes that open_length() needs */
    bool length_is_padded; /* the length field counts towards the multiple of the block size (RFC
                            * 4253 section 6); not in EtM and AEAD modes */
};

struct cipher_row {
    struct cipher_info info;
    const struct cipher_family *family;
    enum cipher_id id;
};
struct mac_row {
    struct mac_info info;
    enum hash_id hash;
};

extern const struct cipher_family cipher_ctr_family, cipher_gcm_family, cipher_chachapoly_family;

/* A packet to be sealed, as three pieces that follow each other in `out`: the first and the last
 * are laid out there already and are encrypted in place, the one between is still in the caller's
 * body. When there is more than one, the first is a multiple of `unit` and the second of 64 bytes,
 * so that no cipher has to stop inside a block. */
struct packet_pieces {
    uint8_t *first;
    size_t first_size;
    const uint8_t *bulk; /* goes to first + first_size */
    size_t bulk_size;
    uint8_t *last;
    size_t last_size;
};

#define PACKET_UNIT 64u

/* `skip`: bytes at the start of the packet that are outside the pieces (the length field, or
 * nothing); `unit` is a multiple of PACKET_UNIT, at most 256. */
struct packet_pieces packet_layout(uint8_t *out, size_t skip, size_t unit, uint32_t packet_length,
                                   struct slice head, struct slice body, const uint8_t *padding,
                                   size_t padding_size);

#endif
