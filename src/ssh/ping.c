/* PING and PONG (draft-miller-ssh-ping). */
#include "ssh/ping.h"

#include "ssh/send.h"
#include "ssh/transport.h"

/* Section 4 allows ignoring them: large ones, and too many during a key exchange. */
#define PING_MAX          (16u * 1024)
#define PINGS_WAITING_MAX (32u * 1024)

bool on_ping(struct ssh *ssh, struct cursor *payload)
{
    struct slice data = get_string(payload);
    if (!cursor_done(payload))
        return false;
    if (data.size > PING_MAX || ssh->transport->waiting.size > PINGS_WAITING_MAX)
        return true;
    put_slice(ssh_message(ssh, SSH_MSG_PONG), data);
    ssh_message_send(ssh);
    return true;
}
