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
static enum ssh_answer start(struct ssh_channel *ch, struct slice what,
                             enum ssh_answer (*event)(void *user_data, struct ssh_channel *channel,
                                                      struct slice what))
{
    if (ch->owner == OWNER_RUNS || channel_is_closing(ch) || !event || slice_has_nul(what) ||
        ++ch->tries > CHANNEL_TRIES_MAX)
        return SSH_NO;
    static const enum channel_owner owners[] = {
        [SSH_NO] = OWNER_ASKED, [SSH_YES] = OWNER_RUNS, [SSH_LATER] = OWNER_THINKS};
    ch->owner = OWNER_ASKED;
    enum ssh_answer answer = event(ch->ssh->user_data, ch, what);
    ch->owner = owners[answer];
    if (answer == SSH_LATER)
        ssh_pause_input(ch->ssh);
    return answer;
}

static bool may_reply(const struct ssh_channel *ch)
{
    return ch->output != OUTPUT_CLOSED && ch->ssh->state == READY; /* 5.4: none after CLOSE */
}

void ssh_channel_answer(struct ssh_channel *ch, bool ok)
{
    struct ssh *ssh = ch->ssh;
    ch->owner = ok ? OWNER_RUNS : OWNER_ASKED;
    ssh_resume_input(ssh);
    transport_enter(ssh);
    if (ch->owes_reply && may_reply(ch))
        reply(ch, ok);
    ch->owes_reply = false;
    transport_leave(ssh);
}

/* RFC 4254 section 6.4. */
static enum ssh_answer set_env(struct ssh_channel *ch, struct cursor *c, bool *malformed)
{
    struct window_budget budget = connection_budget(ch->ssh);
    struct slice name = get_string(c), value = get_string(c);
    *malformed = !cursor_done(c);
    bool may_set = !*malformed && ch->owner != OWNER_RUNS && !channel_is_closing(ch);
    return may_set && channel_env_add(&ch->env, &budget, name, value) ? SSH_YES : SSH_NO;
}

/* SSH_NO for requests that are not supported: pty-req, x11-req, auth-agent-req@openssh.com,
 * window-change, signal, break, ... *malformed is set for malformed ones. A shell is treated as an
 * empty command, so that the user gets an explanation. */
static enum ssh_answer serve(struct ssh_channel *ch, struct slice type, struct cursor *c,
                             bool *malformed)
{
    const struct ssh_events *events = &ch->ssh->events;
    if (slice_is(type, "env") && ch->ssh->options.keeps_env)
        return set_env(ch, c, malformed);
    bool subsystem = slice_is(type, "subsystem"), shell = slice_is(type, "shell");
    if (!subsystem && !shell && !slice_is(type, "exec"))
        return SSH_NO;
    struct slice what = {(const uint8_t *)"", 0};
    if (!shell)
        what = get_string(c);
    if (!cursor_done(c)) {
        *malformed = true;
        return SSH_NO;
    }
    if (subsystem && what.size > NAME_MAX_BYTES)
        return SSH_NO;
    if (subsystem)
        return start(ch, what, events->subsystem);
    return start(ch, what, events->exec);
}

/* Client: the message must be well formed, even if it is not used. */
static enum ssh_answer note_exit(struct ssh_channel *ch, struct slice type, struct cursor *c,
                                 bool *malformed)
{
    const struct ssh_events *events = &ch->ssh->events;
    struct slice signal = {NULL, 0};
    uint32_t status = 0;
    if (slice_is(type, "exit-status")) {
        status = get_u32(c);
    } else if (slice_is(type, "exit-signal")) {
        signal = get_string(c);
        get_bool(c);   /* core dumped */
        get_string(c); /* text, language tag */
        get_string(c);
    } else {
        return SSH_NO;
    }
    *malformed = !cursor_done(c);
    if (!*malformed && events->exited)
        events->exited(ch->ssh->user_data, ch, status, signal);
    return SSH_YES;
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
        return true; /* then there is no answer either: the client has closed the channel */
    if (ch->input == INPUT_UNCONFIRMED) {
        transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL,
                      "request on a channel that is not open yet");
        return true;
    }
    transport_note_activity(ssh);
    if (ch->opened_ns) { /* it must wait for our confirmation */
        window_note_trip(&ch->window, ch->opened_ns, ssh->now_ns);
        ch->opened_ns = 0;
    }
    bool malformed = false;
    enum ssh_answer answer = ssh->options.role == SSH_SERVER ? serve(ch, type, c, &malformed)
                                                             : note_exit(ch, type, c, &malformed);
    if (malformed)
        return false;
    if (answer == SSH_LATER)
        ch->owes_reply = wants_reply;
    else if (wants_reply && may_reply(ch))
        reply(ch, answer == SSH_YES);
    return true;
}

/* Replies to our own requests; only the client sends any. Others are ignored. */
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
