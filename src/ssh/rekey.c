#include "ssh/rekey.h"

#include "crypto/packet_cipher.h"
#include "ssh/kexinit.h"
#include "ssh/transport.h"

/* Half the sequence numbers (RFC 4344 section 3.1 asks for a new exchange before they come again).
 */
#define REKEY_PACKETS (UINT64_C(1) << 31)

uint64_t rekey_deadline(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    uint64_t interval = ssh->options.settings.rekey_ns;
    if (!t->authenticated || t->kex || !interval || t->rekeyed_ns >= UINT64_MAX - interval)
        return UINT64_MAX;
    return t->rekeyed_ns + interval;
}

/* RFC 4344 section 3.2: the cipher's own limit applies regardless of the options. */
static bool direction_is_worn(const struct direction *d, uint64_t rekey_bytes)
{
    if (rekey_bytes && d->bytes >= rekey_bytes)
        return true;
    if (d->packets >= REKEY_PACKETS)
        return true;
    return d->info && d->info->rekey_blocks &&
           d->bytes / d->info->block_size >= d->info->rekey_blocks;
}

static bool is_due(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    if (ssh->state != READY || t->kex ||
        t->input_pauses) /* the peer's part of it would not be read */
        return false;
    return t->rekey_wanted || rekey_deadline(ssh) <= ssh->now_ns ||
           direction_is_worn(&t->in, ssh->options.settings.rekey_bytes) ||
           direction_is_worn(&t->out, ssh->options.settings.rekey_bytes);
}

void rekey_start_if_due(struct ssh *ssh)
{
    if (is_due(ssh))
        kexinit_send(ssh);
}

void ssh_rekey(struct ssh *ssh)
{
    ssh->transport->rekey_wanted = true;
    ssh->transport->run_wanted = true;
}

uint32_t ssh_rekey_count(const struct ssh *ssh)
{
    return ssh->transport->exchanges ? ssh->transport->exchanges - 1 : 0;
}
