/* From the receive buffer to a message's payload: packets are opened in place. */
#include "ssh/receive.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/packet_cipher.h"
#include "ssh/compress.h"
#include "ssh/disconnect.h"
#include "ssh/kex.h"
#include "ssh/transport.h"

#define ROOM_SMALL          (8u * 1024)
#define ROOM_BULK           (256u * 1024)
#define ROOM_SLACK          (4u * 1024) /* after the largest packet: the start of the next one */
#define PACKET_LENGTH_FIELD 4u
#define PACKET_LENGTH_MIN   5u

static uint32_t packet_limit(const struct ssh *ssh)
{
    return ssh->transport->authenticated ? ssh->options.max_packet : LOGIN_PACKET_MAX;
}

/* Bytes of the packet at the start of the buffer, as far as known. */
static size_t packet_total(const struct transport *t)
{
    return t->rx.packet_length
               ? PACKET_LENGTH_FIELD + t->rx.packet_length + packet_tag_size(t->in.cipher)
               : packet_length_size(t->in.cipher);
}

/* It has contained passwords. */
static void release(const struct ssh *ssh, const struct receive_buffer *rx)
{
    if (rx->data)
        mem_wipe(rx->data, rx->capacity);
    mem_free_by(ssh->options.free_large, rx->data, rx->capacity);
}

size_t receive_room(struct ssh *ssh, uint8_t **room)
{
    struct transport *t = ssh->transport;
    struct receive_buffer *rx = &t->rx;
    size_t held = rx->end - rx->start, total = packet_total(t);
    if (held == 0)
        rx->start = rx->end = 0;
    size_t wanted = rx->bulk ? ROOM_BULK : ROOM_SMALL;
    if (total + ROOM_SLACK > wanted)
        wanted = total + ROOM_SLACK;
    if (rx->capacity < wanted) {
        uint8_t *data = mem_alloc(wanted);
        if (!data) {
            transport_enter(ssh);
            transport_no_memory(ssh);
            transport_leave(ssh);
            return 0;
        }
        if (held)
            memcpy(data, rx->data + rx->start, held);
        release(ssh, rx);
        rx->data = data;
        rx->capacity = wanted;
        rx->start = 0;
        rx->end = held;
    } else if (rx->start &&
               (rx->capacity - rx->end < rx->capacity / 2 || rx->start + total > rx->capacity)) {
        memmove(rx->data, rx->data + rx->start, held);
        rx->start = 0;
        rx->end = held;
    }
    *room = rx->data + rx->end;
    rx->room = rx->capacity - rx->end;
    return rx->room;
}

void receive_trim(struct ssh *ssh)
{
    struct receive_buffer *rx = &ssh->transport->rx;
    rx->bulk = false;
    if (rx->start != rx->end)
        return;
    release(ssh, rx);
    rx->data = NULL;
    rx->start = rx->end = rx->capacity = rx->room = 0;
}

static bool forged(struct ssh *ssh)
{
    bool keys = ssh->transport->in.info != NULL;
    transport_end(ssh, keys ? SSH_DISCONNECT_MAC_ERROR : SSH_DISCONNECT_PROTOCOL_ERROR,
                  SSH_END_PROTOCOL, keys ? "a packet failed its integrity check" : "bad packet");
    return false;
}

/* Section 6: what the length may be. Whole blocks are packet_open()'s business. */
static bool find_length(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    struct receive_buffer *rx = &t->rx;
    if (!packet_open_length(t->in.cipher, t->in.sequence, rx->data + rx->start, &rx->packet_length))
        return forged(ssh);
    if (rx->packet_length < PACKET_LENGTH_MIN || rx->packet_length > packet_limit(ssh)) {
        transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL, "bad packet length");
        return false;
    }
    return true;
}

/* Before login, the total work for a peer is limited. */
static bool count(struct ssh *ssh, size_t total)
{
    struct transport *t = ssh->transport;
    t->in.bytes += total;
    if (++t->in.packets == UINT32_MAX) { /* a sequence number would repeat under the same keys */
        transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL,
                      "too many packets without a key exchange");
        return false;
    }
    if (t->authenticated)
        return true;
    t->login_input += total;
    if (t->login_input <= LOGIN_INPUT_MAX)
        return true;
    transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL,
                  "too much data before login");
    return false;
}

bool receive_packet(struct ssh *ssh, struct slice *payload, uint32_t *sequence)
{
    struct transport *t = ssh->transport;
    struct receive_buffer *rx = &t->rx;
    size_t held = rx->end - rx->start;
    if (held < packet_total(t) || (!rx->packet_length && !find_length(ssh)))
        return false;
    size_t total = packet_total(t);
    if (held < total)
        return false;
    if (!packet_open(t->in.cipher, t->in.sequence, rx->data + rx->start, rx->packet_length,
                     payload))
        return forged(ssh);
    rx->start += total;
    rx->packet_length = 0;
    *sequence = t->in.sequence++;
    t->heard_ns = ssh->now_ns;
    t->keepalives = 0;
    if (!count(ssh, total))
        return false;
    if (!t->in.compressor)
        return true;
    buf_reset(&t->inflated);
    if (!compressor_inflate(t->in.compressor, *payload, &t->inflated)) {
        transport_end(ssh, SSH_DISCONNECT_COMPRESSION_ERROR, SSH_END_PROTOCOL,
                      "a packet could not be decompressed");
        return false;
    }
    *payload = buf_slice(&t->inflated);
    return true;
}
