/* Offers of algorithms and what follows from them. The input: one byte for the role (bit 0) and
 * whether it is the first exchange (bit 1), then records: the peer's KEXINIT without its number,
 * and further messages with theirs. */
#include <stdlib.h>
#include <string.h>

#include "bare_engine.h"
#include "base/mem.h"
#include "crypto/packet_cipher.h"
#include "ssh/kex.h"
#include "ssh/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_direction(const struct agreed_direction *d)
{
    check(d->cipher && d->cipher->aead == !d->mac);
}

/* Whatever the peer wrote: what was agreed on is complete, and a method of ours is awaited. */
static void check_agreement(const struct ssh *ssh)
{
    const struct kex *k = ssh->transport->kex;
    check(k && k->agreed.kex && k->agreed.host_key);
    check_direction(&k->agreed.in);
    check_direction(&k->agreed.out);
    check(k->expected >= 30 && k->expected <= 34);
    check(ssh->options.role == SSH_CLIENT || k->host_key);
}

static struct ssh *engine(uint8_t manner)
{
    const struct ssh_events events = {.over = NULL};
    struct ssh *ssh = bare_engine(&events, NULL, manner & 2 ? AWAIT_SERVICE : AWAIT_KEXINIT);
    ssh->options.role = manner & 1 ? SSH_CLIENT : SSH_SERVER;
    ssh->transport->in.sequence = 1;
    return ssh;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(data, size);
    uint8_t manner = get_u8(&input);
    struct ssh *ssh = engine(manner);
    struct slice payload;
    struct buf init;
    buf_init(&init, 1 << 17);
    put_u8(&init, SSH_MSG_KEXINIT);
    if (next_record(&input, &payload))
        put_bytes(&init, payload.data, payload.size);
    bare_engine_feed(ssh, buf_slice(&init));
    buf_clear(&init);
    if (!ssh_is_over(ssh))
        check_agreement(ssh);
    /* What follows is in the clear only until keys are there. */
    while (!ssh_is_over(ssh) && !ssh->transport->out.info && next_record(&input, &payload))
        bare_engine_feed(ssh, payload);
    check(!ssh_is_authenticated(ssh));
    ssh_free(ssh);
    return 0;
}
