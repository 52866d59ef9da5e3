#include "crypto/packet_cipher.h"

#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/cipher_family.h"

/* Copying a body up to this size is cheaper than encrypting it in three calls. */
#define SHORT_BODY 512u

sally_error packet_cipher_new(struct packet_cipher **out, struct crypto *c, bool seal,
                              const struct cipher_info *cipher, const struct mac_info *mac,
                              const uint8_t *key, const uint8_t *iv, const uint8_t *mac_key)
{
    *out = NULL;
    if (cipher->aead != !mac)
        return SALLY_E_INVALID;
    /* Infos are always the first members of rows. */
    const struct cipher_row *row = (const struct cipher_row *)(const void *)cipher;
    const struct mac_row *mac_row = (const struct mac_row *)(const void *)mac;
    library_begin();
    sally_error error = row->family->create(out, c, seal, row, mac_row, key, iv, mac_key);
    library_end(c);
    return error;
}

void packet_cipher_free(struct packet_cipher *pc)
{
    if (pc && pc->family->destroy)
        pc->family->destroy(pc);
}

/* RFC 4253 section 6: at least four bytes, up to a multiple of the block. */
static size_t padding_for(const struct packet_cipher *pc, size_t payload_size)
{
    size_t counted = (pc->length_is_padded ? PACKET_LENGTH_FIELD : 0) + 1 + payload_size;
    size_t padding = pc->block_size - counted % pc->block_size;
    return padding < PADDING_MIN ? padding + pc->block_size : padding;
}

size_t packet_overhead(const struct packet_cipher *pc, size_t payload_size)
{
    return PACKET_LENGTH_FIELD + 1 + padding_for(pc, payload_size) + pc->tag_size;
}

size_t packet_tag_size(const struct packet_cipher *pc)
{
    return pc->tag_size;
}

size_t packet_length_size(const struct packet_cipher *pc)
{
    return pc->length_size;
}

struct packet_pieces packet_layout(uint8_t *out, size_t skip, size_t unit, uint32_t packet_length,
                                   struct slice head, struct slice body, const uint8_t *padding,
                                   size_t padding_size)
{
    if (body.size == 0) { /* a message in one piece need not be copied either */
        body = head;
        head.size = 0;
    }
    wire_put_u32(out, packet_length);
    out[PACKET_LENGTH_FIELD] = (uint8_t)padding_size;
    uint8_t *at = out + PACKET_LENGTH_FIELD + 1;
    if (head.size)
        memcpy(at, head.data, head.size);
    at += head.size;

    struct packet_pieces pieces = {.first = out + skip};
    size_t copied = body.size;
    if (body.size > SHORT_BODY) {
        copied = (unit - (size_t)(at - pieces.first) % unit) % unit;
        pieces.bulk = body.data + copied;
        pieces.bulk_size = (body.size - copied) / PACKET_UNIT * PACKET_UNIT;
    }
    if (copied)
        memcpy(at, body.data, copied);
    at += copied;
    if (pieces.bulk_size) {
        pieces.first_size = (size_t)(at - pieces.first);
        at += pieces.bulk_size;
        copied += pieces.bulk_size;
        pieces.last = at;
        memcpy(at, body.data + copied, body.size - copied);
        at += body.size - copied;
    }
    memcpy(at, padding, padding_size);
    at += padding_size;
    if (pieces.bulk_size)
        pieces.last_size = (size_t)(at - pieces.last);
    else
        pieces.first_size = (size_t)(at - pieces.first);
    return pieces;
}

size_t packet_seal(struct packet_cipher *pc, uint32_t sequence, struct slice head,
                   struct slice body, const uint8_t *padding, uint8_t *out)
{
    size_t limit = UINT32_MAX / 2; /* far above any packet, far below an overflow */
    if (head.size > limit / 2 || body.size > limit / 2)
        return 0;
    size_t payload_size = head.size + body.size;
    size_t padding_size = padding_for(pc, payload_size);
    uint32_t packet_length = (uint32_t)(1 + payload_size + padding_size);
    if (!pc->family->seal(pc, sequence, head, body, padding, padding_size, packet_length, out))
        return 0;
    return PACKET_LENGTH_FIELD + packet_length + pc->tag_size;
}

bool packet_open_length(struct packet_cipher *pc, uint32_t sequence, uint8_t *data,
                        uint32_t *packet_length)
{
    *packet_length = 0;
    return pc->family->open_length(pc, sequence, data, packet_length);
}

/* In addition to the caller's own limits: the minimum size of a packet, and whole blocks. */
static bool length_is_sane(const struct packet_cipher *pc, uint32_t packet_length)
{
    size_t counted = (pc->length_is_padded ? PACKET_LENGTH_FIELD : 0) + (size_t)packet_length;
    return packet_length >= 1 + PADDING_MIN && packet_length <= UINT32_MAX / 2 &&
           counted % pc->block_size == 0;
}

bool packet_open(struct packet_cipher *pc, uint32_t sequence, uint8_t *data, uint32_t packet_length,
                 struct slice *payload)
{
    payload->data = NULL;
    payload->size = 0;
    if (!length_is_sane(pc, packet_length) || !pc->family->open(pc, sequence, data, packet_length))
        return false;
    size_t padding_size = data[PACKET_LENGTH_FIELD];
    if (padding_size < PADDING_MIN || padding_size > packet_length - 1)
        return false;
    payload->data = data + PACKET_LENGTH_FIELD + 1;
    payload->size = packet_length - 1 - padding_size;
    return true;
}
