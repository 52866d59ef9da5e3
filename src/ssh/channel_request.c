/* Requests on a channel (RFC 4254 sections 5.4 and 6): a session runs one subsystem or command, and
 * nothing else. */
#include "ssh/channel_request.h"

#include "base/mem.h"
#include "ssh/connection.h"
#include "ssh/disconnect.h"
#include "ssh/send.h"
#include "ssh/transport.h"

#define NAME_MAX_BYTES 256

struct buf *channel_message(struct ssh_channel *ch, uint8_t number)
{
    struct buf *m = ssh_message(ch->ssh, number);
    put_u32(m, ch->peer_number);
    return m;
}

static void reply(struct ssh_channel *ch, bool ok)
{
    channel_message(ch, ok ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE);
    ssh_message_send(ch->ssh);
}

/* Section 6.5: only one request to start something succeeds per channel. After a failure a client
 * may try another way. */
static bool start(struct ssh_channel *ch, struct slice what,
                  bool (*event)(void *user_data, struct ssh_channel *channel, struct slice what))
{
    if (ch->owner == OWNER_RUNS || channel_is_closing(ch) || !event || slice_has_nul(what) ||
        ++ch->tries > CHANNEL_TRIES_MAX)
        return false;
    ch->owner = OWNER_ASKED;
    if (!event(ch->ssh->user_data, ch, what))
        return false;
    ch->owner = OWNER_RUNS;
    return true;
}

/* True: done. False for whatever is not offered: env, pty-req, x11-req, auth-agent-req@openssh.com,
 * window-change, signal, break, ... *malformed is set for what makes no sense. A shell is asked for
 * like an empty command: so a person is told why there is none. */
static bool serve(struct ssh_channel *ch, struct slice type, struct cursor *c, bool *malformed)
{
    const struct ssh_events *events = &ch->ssh->events;
    bool subsystem = slice_is(type, "subsystem"), shell = slice_is(type, "shell");
    if (!subsystem && !shell && !slice_is(type, "exec"))
        return false;
    struct slice what = {(const uint8_t *)"", 0};
    if (!shell)
        what = get_string(c);
    if (!cursor_done(c)) {
        *malformed = true;
        return false;
    }
    if (subsystem)
        return what.size <= NAME_MAX_BYTES && start(ch, what, events->subsystem);
    return start(ch, what, events->exec);
}

/* Client: the status is ignored, but its message must be well formed. */
static bool note_exit(struct slice type, struct cursor *c, bool *malformed)
{
    if (!slice_is(type, "exit-status"))
        return false;
    get_u32(c);
    *malformed = !cursor_done(c);
    return true;
}

bool on_channel_request(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    struct slice type = get_string(c);
    bool wants_reply = get_bool(c);
    if (c->bad)
        return false;
    struct ssh_channel *ch = channel_or_gone(ssh, number);
    if (!ch)
        return true; /* nor is there an answer then: the client has closed the channel */
    if (ch->input == INPUT_UNCONFIRMED) {
        transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL,
                      "request on a channel that is not open yet");
        return true;
    }
    transport_note_activity(ssh);
    if (ch->opened_ns) { /* it needed our confirmation for this */
        window_note_trip(&ch->window, ch->opened_ns, ssh->now_ns);
        ch->opened_ns = 0;
    }
    bool malformed = false;
    bool ok = ssh->options.role == SSH_SERVER ? serve(ch, type, c, &malformed)
                                              : note_exit(type, c, &malformed);
    if (malformed)
        return false;
    if (wants_reply && ch->output != OUTPUT_CLOSED &&
        ssh->state == READY) /* section 5.4: none after CLOSE */
        reply(ch, ok);
    return true;
}

/* Replies to requests of ours; only the client makes any. Others are ignored. */
static bool on_reply(struct ssh *ssh, struct cursor *c, bool ok)
{
    uint32_t number = get_u32(c);
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = channel_or_gone(ssh, number);
    if (!ch || !ch->replies_awaited)
        return true;
    ch->replies_awaited--;
    if (ssh->events.request_done)
        ssh->events.request_done(ssh->user_data, ch, ok);
    return true;
}

bool on_channel_success(struct ssh *ssh, struct cursor *c)
{
    return on_reply(ssh, c, true);
}

bool on_channel_failure(struct ssh *ssh, struct cursor *c)
{
    return on_reply(ssh, c, false);
}
