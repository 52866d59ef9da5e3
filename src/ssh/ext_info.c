/* EXT_INFO (RFC 8308). */
#include "ssh/ext_info.h"

#include "base/names.h"
#include "crypto/public_key.h"
#include "ssh/negotiate.h"
#include "ssh/send.h"
#include "ssh/transport.h"

#define EXTENSIONS_MAX 1024u

bool ext_info_init(struct ssh *ssh)
{
    struct buf names;
    buf_init(&names, 64 * 1024);
    const char *chosen = ssh->options.settings.fixed.public_key_algorithms;
    if (chosen) {
        struct slice list = slice_of(chosen), name;
        while (names_next(&list, &name))
            if (signature_algorithm_find(name))
                put_format(&names, "%s%.*s", names.size ? "," : "", (int)name.size,
                           (const char *)name.data);
    } else {
        const struct signature_algorithm *a;
        for (size_t i = 0; (a = signature_algorithm_at(i)) != NULL; i++)
            if (a->in_default)
                put_format(&names, "%s%s", names.size ? "," : "", a->name);
    }
    if (!names.failed)
        ssh->transport->user_algorithms = slice_strdup(buf_slice(&names));
    buf_clear(&names);
    return ssh->transport->user_algorithms != NULL;
}

const char *transport_user_signature_algorithms(const struct ssh *ssh)
{
    return ssh->transport->user_algorithms;
}

void ext_info_send(struct ssh *ssh)
{
    if (ssh->options.role != SSH_SERVER || !ssh->transport->peer_ext_info)
        return; /* our client announces nothing */
    struct buf *b = ssh_message(ssh, SSH_MSG_EXT_INFO);
    put_u32(b, 2);
    put_text(b, "server-sig-algs");
    put_text(b, ssh->transport->user_algorithms);
    put_text(b, "ping@openssh.com");
    put_text(b, "0");
    ssh_message_send(ssh);
}

/* No announcement changes our behaviour so far, but the message must be well formed. */
bool on_ext_info(struct ssh *ssh, struct cursor *payload)
{
    (void)ssh;
    uint32_t count = get_u32(payload);
    for (uint32_t i = 0; i < count && !payload->bad; i++) {
        get_string(payload);
        get_string(payload);
    }
    return count <= EXTENSIONS_MAX && cursor_done(payload);
}
