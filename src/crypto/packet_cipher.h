/* Sealing and opening SSH binary packets (RFC 4253 section 6): cipher and MAC of one direction as
 * one object. Families, each in a file of its own, behind one small table of functions: none, ctr +
 * hmac (encrypt-and-MAC and EtM), gcm, chacha20-poly1305. */
#ifndef SALLY_CRYPTO_PACKET_CIPHER_H
#define SALLY_CRYPTO_PACKET_CIPHER_H

#include "base/cursor.h"
#include "crypto/crypto.h"

#define CIPHER_KEY_MAX 64
#define CIPHER_IV_MAX  16
#define MAC_KEY_MAX    64
#define PACKET_TAG_MAX 64

/* needs_strict_kex: without strict key exchange, an attacker on the path can remove messages from
 * the start of a direction, and their sequence numbers with them (CVE-2023-48795, "Terrapin"). That
 * goes unnoticed if the number alone determines a packet's key stream and tag, or if a wrong key
 * stream is never detected: not with AES-GCM, and not if the MAC covers the plaintext. */

struct cipher_info { /* a row of the table of ciphers */
    const char *name;
    size_t key_size, iv_size;
    size_t block_size;     /* padding granularity, at least 8 */
    bool aead;             /* no MAC is negotiated */
    bool needs_strict_kex; /* for ciphers with a MAC, see the MAC's row */
    bool in_default;       /* offered unless the settings say otherwise */
    /* RFC 4344 section 3.2: rekey after this many blocks; 0: by volume only */
    uint64_t rekey_blocks;
};
struct mac_info { /* a row of the table of MACs */
    const char *name;
    size_t key_size, tag_size;
    bool etm;
    bool needs_strict_kex;
    bool in_default;
};

/* Rows in the order of preference; NULL after the last one. */
const struct cipher_info *cipher_at(size_t index);
const struct cipher_info *cipher_find(struct slice name);
const struct mac_info *mac_at(size_t index);
const struct mac_info *mac_find(struct slice name);

struct packet_cipher;

/* The state before the first NEWKEYS. Cannot fail. */
struct packet_cipher *packet_cipher_none(void);
/* key, iv and mac_key have the sizes of the rows; mac is NULL for an aead cipher. */
sally_error packet_cipher_new(struct packet_cipher **out, struct crypto *c, bool seal,
                              const struct cipher_info *cipher, const struct mac_info *mac,
                              const uint8_t *key, const uint8_t *iv, const uint8_t *mac_key);
void packet_cipher_free(struct packet_cipher *pc); /* wipes */

/* Bytes that sealing adds to a payload of this size: length, padding length, padding and tag. */
size_t packet_overhead(const struct packet_cipher *pc, size_t payload_size);
size_t packet_tag_size(const struct packet_cipher *pc);

/* Seals the payload head + body (body.size may be 0) out of place into `out`, which has room for
 * head.size + body.size + packet_overhead(). `padding` gives random padding bytes (at least 255 +
 * 16 to draw from). Returns the size of the sealed packet, 0 on a failure of the library. */
size_t packet_seal(struct packet_cipher *pc, uint32_t sequence, struct slice head,
                   struct slice body, const uint8_t *padding, uint8_t *out);

/* How many bytes packet_open_length() needs: 4, or a block. */
size_t packet_length_size(const struct packet_cipher *pc);
/* Finds the packet_length field. May open the first block in place, once: call it once per packet.
 */
bool packet_open_length(struct packet_cipher *pc, uint32_t sequence, uint8_t *data,
                        uint32_t *packet_length);
/* Verifies and opens in place a packet whose 4 + packet_length + packet_tag_size() bytes are all
 * there. On success *payload lies inside data, without padding. False: forged, or the padding is
 * invalid. */
bool packet_open(struct packet_cipher *pc, uint32_t sequence, uint8_t *data, uint32_t packet_length,
                 struct slice *payload);

#endif
