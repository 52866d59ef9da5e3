/* Packets before the first NEWKEYS: framed and padded, in the clear (RFC 4253 section 6). */
#include <string.h>

#include "base/wire.h"
#include "crypto/cipher_family.h"

static bool seal(struct packet_cipher *pc, uint32_t sequence, struct slice head, struct slice body,
                 const uint8_t *padding, size_t padding_size, uint32_t packet_length, uint8_t *out)
{
    (void)pc, (void)sequence;
    struct packet_pieces pieces =
        packet_layout(out, 0, PACKET_UNIT, packet_length, head, body, padding, padding_size);
    if (pieces.bulk_size)
        memcpy(pieces.first + pieces.first_size, pieces.bulk, pieces.bulk_size);
    return true;
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
    (void)pc, (void)sequence, (void)data, (void)packet_length;
    return true;
}

static const struct cipher_family family = {
    .seal = seal,
    .open_length = open_length,
    .open = open,
};

static const struct packet_cipher none = {
    .family = &family,
    .block_size = 8,
    .length_size = PACKET_LENGTH_FIELD,
    .length_is_padded = true,
};

struct packet_cipher *packet_cipher_none(void)
{
    /* It has no state, so one serves all; nothing ever writes through the pointer. */
    return (struct packet_cipher *)(uintptr_t)&none;
}
