/* A key exchange that is running, and the messages of the key exchange methods: ECDH (RFC 5656
 * section 4, RFC 8731), DH (RFC 4253 section 8) and group exchange (RFC 4419). The mathematics is a
 * job. */
#include "ssh/kex.h"

#include <string.h>

#include <assert.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "ssh/disconnect.h"
#include "ssh/jobs.h"
#include "ssh/kex_job.h"
#include "ssh/kexinit.h"
#include "ssh/newkeys.h"
#include "ssh/send.h"
#include "ssh/transport.h"

/* Client, group exchange: RFC 8270 sets the minimum. */
#define GROUP_MIN    2048u
#define GROUP_WANTED 3072u
#define GROUP_MAX    8192u

/* Server: twice as many bits cost eight times as much, and the client chooses before login. */
#define GEX_MAX_BITS_DEFAULT 4096u

struct kex *kex_new(struct ssh *ssh)
{
    struct kex *k = mem_zalloc(sizeof *k);
    if (!k)
        return NULL;
    k->awaits = AWAIT_KEXINIT;
    k->started_ns = ssh->now_ns;
    buf_init(&k->our_init, KEXINIT_MAX);
    buf_init(&k->peer_init, KEXINIT_MAX);
    buf_init(&k->group_p, 4096);
    buf_init(&k->ours, 8192);
    ssh->transport->kex = k;
    return k;
}

void kex_free(struct transport *t)
{
    struct kex *k = t->kex;
    if (!k)
        return;
    t->kex = NULL;
    buf_clear(&k->our_init);
    buf_clear(&k->peer_init);
    buf_clear(&k->group_p);
    buf_clear(&k->ours);
    kex_ephemeral_free(k->ephemeral);
    packet_cipher_free(k->next_in);
    mem_free(k);
}

void kex_advance(struct ssh *ssh, enum ssh_state next)
{
    struct kex *k = ssh->transport->kex;
    assert((int)next == (int)k->awaits + 1 && next <= AWAIT_NEWKEYS);
    if (kex_is_first(ssh))
        ssh->state = next;
    k->awaits = next;
}

void kex_complete(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    assert(t->kex->awaits == AWAIT_NEWKEYS);
    kex_free(t);
    t->exchanges++;
    t->rekeyed_ns = ssh->now_ns;
    if (kex_is_first(ssh)) {
        ssh->state = AWAIT_SERVICE;
        t->next_message = NEXT_MAY_BE_EXT_INFO;
    }
}

static bool fail(struct ssh *ssh, const char *detail)
{
    transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_PROTOCOL, detail);
    return true; /* the message was not malformed */
}

/* The magnitude of a positive mpint; false for anything else. */
static bool get_magnitude(struct cursor *c, struct slice *out)
{
    struct slice s = get_string(c);
    if (s.size == 0 || s.data[0] & 0x80)
        return false;
    while (s.size && s.data[0] == 0) {
        s.data++;
        s.size--;
    }
    *out = s;
    return s.size != 0;
}

static bool get_public(struct cursor *c, const struct kex_method *m, struct slice *out)
{
    if (m->family != KEX_ECDH)
        return get_magnitude(c, out);
    *out = get_string(c);
    return !c->bad;
}

void kex_put_public(struct buf *b, const struct kex_method *m, struct slice value)
{
    if (m->family == KEX_ECDH)
        put_slice(b, value);
    else
        put_mpint(b, value.data, value.size);
}

/* Client: sends our public value, and awaits the reply. */
static bool client_begin(struct ssh *ssh)
{
    struct kex *k = ssh->transport->kex;
    const struct kex_method *m = k->agreed.kex;
    sally_error error =
        kex_begin(ssh->options.crypto, m, k->group, &ssh->options.random, &k->ephemeral, &k->ours);
    if (error == SALLY_E_PROTOCOL)
        return fail(ssh, "an unacceptable group");
    if (error) {
        transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_INTERNAL,
                      "cannot generate a key pair");
        return true;
    }
    bool gex = m->family == KEX_GEX;
    struct buf *b = ssh_message(ssh, gex ? SSH_MSG_KEX_GEX_INIT : SSH_MSG_KEX_INIT);
    kex_put_public(b, m, buf_slice(&k->ours));
    k->expected = gex ? SSH_MSG_KEX_GEX_REPLY : SSH_MSG_KEX_REPLY;
    ssh_message_send(ssh);
    return true;
}

void kex_start(struct ssh *ssh)
{
    struct kex *k = ssh->transport->kex;
    bool gex = k->agreed.kex->family == KEX_GEX;
    if (ssh->options.role == SSH_SERVER) {
        k->expected = gex ? SSH_MSG_KEX_GEX_REQUEST : SSH_MSG_KEX_INIT;
        return;
    }
    if (!gex) {
        client_begin(ssh);
        return;
    }
    k->min = GROUP_MIN;
    k->wanted = GROUP_WANTED;
    k->max = GROUP_MAX;
    k->expected = SSH_MSG_KEX_GEX_GROUP;
    struct buf *b = ssh_message(ssh, SSH_MSG_KEX_GEX_REQUEST);
    put_u32(b, k->min);
    put_u32(b, k->wanted);
    put_u32(b, k->max);
    ssh_message_send(ssh);
}

static void put_group(struct buf *b, const struct kex_group *group)
{
    uint8_t generator[4];
    wire_put_u32(generator, group->generator);
    put_mpint(b, group->p, group->p_size);
    put_mpint(b, generator, sizeof generator);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
    return value < limit ? value : limit;
}

static bool on_group_request(struct ssh *ssh, struct cursor *payload)
{
    struct kex *k = ssh->transport->kex;
    k->min = get_u32(payload);
    k->wanted = get_u32(payload);
    k->max = get_u32(payload);
    if (!cursor_done(payload))
        return false;
    if (k->min > k->wanted || k->wanted > k->max)
        return fail(ssh, "a contradictory group request");
    uint32_t limit = ssh->options.settings.fixed.gex_max_bits;
    limit = limit ? limit : GEX_MAX_BITS_DEFAULT;
    if (k->min > limit)
        return fail(ssh, "the client accepts only groups larger than ssh.gex_max_bits");
    k->group = kex_group_find(ssh->options.crypto, k->min, at_most(k->wanted, limit),
                              at_most(k->max, limit));
    if (!k->group)
        return fail(ssh, "no group of the requested size");
    k->expected = SSH_MSG_KEX_GEX_INIT;
    put_group(ssh_message(ssh, SSH_MSG_KEX_GEX_GROUP), k->group);
    ssh_message_send(ssh);
    return true;
}

static uint32_t bits_of(struct slice magnitude)
{
    uint32_t bits = (uint32_t)magnitude.size * 8;
    for (uint8_t top = magnitude.data[0]; !(top & 0x80); top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

static bool on_group(struct ssh *ssh, struct cursor *payload)
{
    struct kex *k = ssh->transport->kex;
    struct slice p, g;
    if (!get_magnitude(payload, &p) || !get_magnitude(payload, &g) || !cursor_done(payload))
        return false;
    if (p.size > GROUP_MAX / 8 || bits_of(p) < k->min || g.size > 4)
        return fail(ssh, "an unacceptable group");
    uint8_t generator[4] = {0};
    memcpy(generator + sizeof generator - g.size, g.data, g.size);
    put_bytes(&k->group_p, p.data, p.size);
    if (k->group_p.failed) {
        transport_no_memory(ssh);
        return true;
    }
    k->group_sent.p = buf_head(&k->group_p);
    k->group_sent.p_size = p.size;
    k->group_sent.generator = wire_get_u32(generator);
    k->group_sent.bits = bits_of(p);
    k->group = &k->group_sent;
    return client_begin(ssh);
}

static bool on_init(struct ssh *ssh, struct cursor *payload)
{
    struct kex *k = ssh->transport->kex;
    struct slice peer, no_signature = {NULL, 0};
    if (!get_public(payload, k->agreed.kex, &peer) || !cursor_done(payload))
        return false;
    k->expected = 0;
    kex_job_start(ssh, key_blob(k->host_key), peer, no_signature);
    return true;
}

static bool on_reply(struct ssh *ssh, struct cursor *payload)
{
    struct kex *k = ssh->transport->kex;
    struct slice peer, blob = get_string(payload);
    if (!get_public(payload, k->agreed.kex, &peer))
        return false;
    struct slice signature = get_string(payload);
    if (!cursor_done(payload))
        return false;
    k->expected = 0;
    kex_job_start(ssh, blob, peer, signature);
    return true;
}

/* The message table accepts only the expected message. */
bool on_kex_method(struct ssh *ssh, struct cursor *payload)
{
    const struct kex *k = ssh->transport->kex;
    bool gex = k->agreed.kex->family == KEX_GEX;
    switch (k->expected) {
    case SSH_MSG_KEX_GEX_REQUEST:
        return on_group_request(ssh, payload);
    case SSH_MSG_KEX_INIT:
    case SSH_MSG_KEX_GEX_INIT:
        return on_init(ssh, payload);
    case SSH_MSG_KEX_REPLY: /* is GEX_GROUP, too */
        return gex ? on_group(ssh, payload) : on_reply(ssh, payload);
    case SSH_MSG_KEX_GEX_REPLY:
        return on_reply(ssh, payload);
    default:
        return false;
    }
}

static void send_reply(struct ssh *ssh, const struct kex_outcome *outcome)
{
    const struct kex_method *m = ssh->transport->kex->agreed.kex;
    struct buf *b =
        ssh_message(ssh, m->family == KEX_GEX ? SSH_MSG_KEX_GEX_REPLY : SSH_MSG_KEX_REPLY);
    put_slice(b, outcome->host_key_blob);
    kex_put_public(b, m, outcome->ours);
    put_slice(b, outcome->signature);
    ssh_message_send(ssh);
}

void kex_done(struct ssh *ssh, const struct kex_outcome *outcome)
{
    if (outcome->unsigned_by) {
        jobs_tell_unsigned(ssh, outcome->unsigned_by, outcome->error);
        transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_INTERNAL,
                      "the host key could not sign");
        return;
    }
    if (outcome->error == SALLY_E_PROTOCOL) {
        fail(ssh, "an unacceptable public value");
        return;
    }
    if (outcome->error == SALLY_E_KEY) {
        fail(ssh, "the host key's signature is invalid");
        return;
    }
    if (outcome->error) {
        transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_INTERNAL,
                      "the key exchange computation failed");
        return;
    }
    if (ssh->options.role == SSH_SERVER) {
        send_reply(ssh, outcome);
    } else if (ssh->events.host_key &&
               !ssh->events.host_key(ssh->user_data, outcome->host_key_blob)) {
        transport_end(ssh, SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE, SSH_END_PROTOCOL,
                      "the host key is not trusted");
        return;
    }
    if (ssh->state != OVER)
        newkeys_send(ssh, outcome->secret, outcome->hash);
}
