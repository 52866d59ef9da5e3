/* What was negotiated for a connection, by the names of RFC 4253 and its successors. */
#include "crypto/kex_method.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "ssh/compress.h"
#include "ssh/transport.h"

static const char *mac_name(const struct agreed_direction *d)
{
    return d->mac ? d->mac->name : "";
}

struct ssh_facts ssh_facts(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    const struct agreement *a = &t->agreed;
    struct ssh_facts facts = {
        .our_version = t->ours.line,
        .peer_version = t->theirs.line,
        .kex = "",
        .host_key = "",
        .cipher_in = "",
        .cipher_out = "",
        .mac_in = "",
        .mac_out = "",
        .compression_in = "",
        .compression_out = "",
        .strict_kex = t->strict,
    };
    if (!a->kex)
        return facts;
    facts.kex = a->kex->name;
    facts.host_key = a->host_key->name;
    facts.cipher_in = a->in.cipher->name;
    facts.cipher_out = a->out.cipher->name;
    facts.mac_in = mac_name(&a->in);
    facts.mac_out = mac_name(&a->out);
    facts.compression_in = a->in.compression->name;
    facts.compression_out = a->out.compression->name;
    return facts;
}
