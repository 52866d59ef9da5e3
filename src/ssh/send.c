/* From a payload to the send buffer. */
#include "ssh/send.h"

#include "base/mem.h"
#include "crypto/packet_cipher.h"
#include "ssh/compress.h"
#include "ssh/disconnect.h"
#include "ssh/kex.h"
#include "ssh/transport.h"

#define PADDING_DRAW (255u + 16u) /* what packet_seal() may look at */
#define NOT_PADDING  5u           /* of a packet's overhead: the two lengths */

size_t send_bound(const struct ssh *ssh)
{
    /* The rest of the allocation is for messages that must be sent while data waits. */
    return ssh->options.settings.send_queue - ssh->options.settings.send_queue / 8;
}

bool send_is_full(const struct ssh *ssh)
{
    return ssh->transport->output.size > (size_t)ssh->options.settings.send_queue + CONTROL_ROOM;
}

/* Padding need not be unpredictable, since it is encrypted, but must not leak anything: random
 * bytes, drawn in larger portions. */
static const uint8_t *draw_padding(struct ssh *ssh, size_t overhead)
{
    struct transport *t = ssh->transport;
    if (!t->padding || t->padding_used > PADDING_POOL - PADDING_DRAW) {
        if (!t->padding)
            t->padding = mem_alloc(PADDING_POOL);
        t->padding_used = PADDING_POOL; /* the old bytes are used up, even if the source fails */
        if (!t->padding || !random_fill(&ssh->options.random, t->padding, PADDING_POOL))
            return NULL;
        t->padding_used = 0;
    }
    const uint8_t *padding = t->padding + t->padding_used;
    t->padding_used += overhead - NOT_PADDING - packet_tag_size(t->out.cipher);
    return padding;
}

static bool seal(struct ssh *ssh, struct slice head, struct slice body)
{
    struct transport *t = ssh->transport;
    if (t->out.compressor) {
        buf_reset(&t->deflated);
        if (!compressor_deflate(t->out.compressor, head, body, &t->deflated))
            return false;
        head = buf_slice(&t->deflated);
        body.data = NULL;
        body.size = 0;
    }
    size_t overhead = packet_overhead(t->out.cipher, head.size + body.size);
    uint8_t *room = buf_reserve(&t->output, head.size + body.size + overhead);
    const uint8_t *padding = draw_padding(ssh, overhead);
    if (!room || !padding)
        return false;
    size_t size = packet_seal(t->out.cipher, t->out.sequence, head, body, padding, room);
    if (size == 0)
        return false;
    buf_commit(&t->output, size);
    t->out.sequence++;
    t->out.packets++;
    t->out.bytes += size;
    return true;
}

bool send_now(struct ssh *ssh, struct slice head, struct slice body)
{
    if (seal(ssh, head, body))
        return true;
    /* A stream with a missing packet is useless: what was queued is still sent, nothing after
     * it. */
    transport_end(ssh, 0, SSH_END_INTERNAL, "a packet could not be encrypted");
    return false;
}

struct buf *ssh_message(struct ssh *ssh, uint8_t number)
{
    struct buf *b = &ssh->transport->message;
    buf_reset(b);
    put_u8(b, number);
    return b;
}

/* RFC 4253 section 7.1: what may be sent between our KEXINIT and our NEWKEYS. */
static bool may_pass_kex(uint8_t number)
{
    return number <= SSH_MSG_DEBUG || (number >= SSH_MSG_KEXINIT && number <= 49);
}

void ssh_message_send(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    struct slice payload = buf_slice(&t->message), nothing = {NULL, 0};
    if (ssh->state == OVER)
        return;
    if (t->message.failed) {
        transport_no_memory(ssh);
    } else if (kex_is_sending(t->kex) && !may_pass_kex(payload.data[0])) {
        put_slice(&t->waiting, payload);
        if (t->waiting.failed)
            transport_end(ssh, SSH_DISCONNECT_BY_APPLICATION, SSH_END_INTERNAL,
                          "too many messages queued during a key exchange");
    } else {
        send_now(ssh, payload, nothing);
    }
}

void send_waiting(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    struct cursor c = cursor_of_slice(buf_slice(&t->waiting));
    while (ssh->state != OVER && cursor_left(&c)) {
        struct slice payload = get_string(&c), nothing = {NULL, 0};
        if (!send_now(ssh, payload, nothing))
            break;
        if (payload.data[0] == SSH_MSG_USERAUTH_SUCCESS && t->authenticated) {
            /* The other direction follows with the peer's NEWKEYS. */
            t->compression_started = true;
            if (!compress_start_out(t))
                transport_no_memory(ssh);
        }
    }
    buf_clear(&t->waiting);
}

bool ssh_may_seal_data(const struct ssh *ssh, size_t size)
{
    const struct transport *t = ssh->transport;
    const struct buf *out = &t->output;
    if (ssh->state != READY || kex_is_sending(t->kex))
        return false;
    if (out->size == 0)
        return true;
    size_t needed = size + packet_overhead(t->out.cipher, size), bound = send_bound(ssh);
    if (needed > bound || out->size > bound - needed)
        return false;
    /* Only if waiting bytes are not moved more than once: at the end, or when most have been
     * sent. */
    return needed <= out->capacity - out->start - out->size || out->start >= out->size ||
           out->capacity < ssh->options.settings.send_queue;
}

bool ssh_seal_data(struct ssh *ssh, struct slice head, struct slice body)
{
    return send_now(ssh, head, body);
}
