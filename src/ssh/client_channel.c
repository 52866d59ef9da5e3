/* The client's side of channels: they are opened, and a subsystem is asked for. Data goes the same
 * ways as the server's. */
#include "ssh/client_channel.h"

#include "base/mem.h"
#include "ssh/channel.h"
#include "ssh/channel_request.h"
#include "ssh/channel_send.h"
#include "ssh/connection.h"
#include "ssh/disconnect.h"
#include "ssh/send.h"
#include "ssh/transport.h"

struct ssh_channel *ssh_client_open(struct ssh *ssh)
{
    const char *refusal;
    struct ssh_channel *ch = ssh->state == READY ? channel_new(ssh, &refusal) : NULL;
    if (!ch)
        return NULL;
    ch->owner = OWNER_RUNS;
    transport_enter(ssh);
    struct buf *m = ssh_message(ssh, SSH_MSG_CHANNEL_OPEN);
    put_text(m, "session");
    put_u32(m, ch->number);
    put_u32(m, ch->window.granted);
    put_u32(m, ch->packet_max);
    ssh_message_send(ssh);
    if (ssh->state == OVER) { /* it is freed with the connection, and no one has its number */
        ch->owner = OWNER_UNAWARE;
        ch = NULL;
    }
    transport_leave(ssh);
    return ch;
}

/* `second` may be NULL. */
static void request(struct ssh_channel *ch, const char *type, const char *first, const char *second)
{
    struct ssh *ssh = ch->ssh;
    if (!channel_is_open(ch) || ssh->state != READY)
        return;
    transport_enter(ssh);
    struct buf *m = channel_message(ch, SSH_MSG_CHANNEL_REQUEST);
    put_text(m, type);
    put_bool(m, true);
    put_text(m, first);
    if (second)
        put_text(m, second);
    ch->replies_awaited++;
    ssh_message_send(ssh);
    transport_leave(ssh);
}

void ssh_client_subsystem(struct ssh_channel *ch, const char *name)
{
    request(ch, "subsystem", name, NULL);
}

void ssh_client_exec(struct ssh_channel *ch, const char *command)
{
    request(ch, "exec", command, NULL);
}

void ssh_client_env(struct ssh_channel *ch, const char *name, const char *value)
{
    request(ch, "env", name, value);
}

/* A channel that waits for the answer to its CHANNEL_OPEN; NULL: there is none of this number, the
 * connection is ended. */
static struct ssh_channel *opening_channel(struct ssh *ssh, uint32_t number)
{
    struct ssh_channel *ch = channel_of(ssh, number);
    if (ch && ch->input != INPUT_UNCONFIRMED) {
        transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL,
                      "reply for a channel that is already open");
        return NULL;
    }
    return ch;
}

bool on_channel_open_confirmation(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    uint32_t peer_number = get_u32(c);
    uint32_t window = get_u32(c);
    uint32_t packet = get_u32(c);
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = opening_channel(ssh, number);
    if (!ch)
        return true;
    if (packet == 0) {
        transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL,
                      "maximum packet size is zero");
        return true;
    }
    ch->peer_number = peer_number;
    ch->peer_window = window;
    ch->peer_packet = packet;
    ch->input = INPUT_OPEN;
    window_note_trip(&ch->window, ch->opened_ns, ssh->now_ns);
    ch->opened_ns = 0;
    channel_wake(ch);
    if (ssh->events.channel_opened)
        ssh->events.channel_opened(ssh->user_data, ch, true);
    return true;
}

bool on_channel_open_failure(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    get_u32(c);    /* reason */
    get_string(c); /* description */
    get_string(c); /* language tag */
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = opening_channel(ssh, number);
    if (!ch)
        return true;
    if (ssh->events.channel_opened)
        ssh->events.channel_opened(ssh->user_data, ch, false);
    channel_free(ch);
    return true;
}
