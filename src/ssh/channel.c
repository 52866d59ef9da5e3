/* The owner's calls for a channel, and the channel messages without a file of their own. */
#include "ssh/channel.h"

#include "base/mem.h"
#include "ssh/channel_request.h"
#include "ssh/channel_send.h"
#include "ssh/connection.h"
#include "ssh/disconnect.h"
#include "ssh/send.h"
#include "ssh/transport.h"

void *ssh_channel_data(const struct ssh_channel *channel)
{
    return channel->data;
}

void ssh_channel_set_data(struct ssh_channel *channel, void *data)
{
    channel->data = data;
}

uint32_t ssh_channel_number(const struct ssh_channel *channel)
{
    return channel->number;
}

uint32_t ssh_channel_window(const struct ssh_channel *channel)
{
    return channel->window.start;
}

void ssh_channel_credit(struct ssh_channel *ch, size_t size)
{
    window_credit(&ch->window, size);
    if (window_is_due(&ch->window))
        channel_wake(ch);
}

void ssh_channel_expect(struct ssh_channel *ch, uint32_t size)
{
    struct window_budget budget = connection_budget(ch->ssh);
    uint32_t max = ch->ssh->options.settings.window_max;
    if (size == 0)
        window_relax(&ch->window);
    else
        window_expect(&ch->window, &budget, size < max ? size : max);
    if (window_is_due(&ch->window))
        channel_wake(ch);
}

static void break_protocol(struct ssh *ssh, const char *detail)
{
    transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL, detail);
}

/* For messages that are only valid after the channel was confirmed. NULL: the connection was
 * ended. */
static struct ssh_channel *if_open(struct ssh_channel *ch)
{
    if (ch && ch->input == INPUT_UNCONFIRMED) {
        break_protocol(ch->ssh, "message for a channel that is not open yet");
        return NULL;
    }
    return ch;
}

static struct ssh_channel *open_channel(struct ssh *ssh, uint32_t number)
{
    return if_open(channel_of(ssh, number));
}

static struct ssh_channel *open_channel_or_gone(struct ssh *ssh, uint32_t number)
{
    return if_open(channel_or_gone(ssh, number));
}

/* RFC 4254 section 5.2. */
bool on_channel_window_adjust(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    uint32_t more = get_u32(c);
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = open_channel_or_gone(ssh, number);
    if (!ch)
        return true;
    if (more > UINT32_MAX - ch->peer_window) {
        break_protocol(ssh, "window beyond 2^32 - 1");
        return true;
    }
    transport_note_activity(ssh);
    ch->peer_window += more;
    channel_wake(ch);
    return true;
}

/* Checks data against what was granted. False: the connection was ended. */
static bool accept_data(struct ssh_channel *ch, size_t size)
{
    if (ch->input == INPUT_EOF) {
        break_protocol(ch->ssh, "data after EOF");
        return false;
    }
    if (size > ch->packet_max) {
        break_protocol(ch->ssh, "more data than the maximum packet size");
        return false;
    }
    if (!window_accept(&ch->window, (uint32_t)size, ch->ssh->now_ns)) {
        break_protocol(ch->ssh, "data beyond the window");
        return false;
    }
    transport_note_activity(ch->ssh);
    return true;
}

bool on_channel_data(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    struct slice data = get_string(c);
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = open_channel(ssh, number);
    if (!ch || !accept_data(ch, data.size) || channel_is_closing(ch))
        return true; /* data that arrives after we are done needs no window */
    if (ch->owner == OWNER_RUNS && data.size && ssh->events.data)
        ssh->events.data(ssh->user_data, ch, data.data, data.size);
    else
        ssh_channel_credit(ch, data.size);
    return true;
}

/* Nothing at a server has an error stream to read from: counted, dropped, and granted again. */
bool on_channel_extended_data(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    get_u32(c); /* data_type_code */
    struct slice data = get_string(c);
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = open_channel(ssh, number);
    if (!ch || !accept_data(ch, data.size) || channel_is_closing(ch))
        return true;
    if (ssh->options.role == SSH_CLIENT && ssh->events.error_data && data.size)
        ssh->events.error_data(ssh->user_data, ch, data.data, data.size);
    ssh_channel_credit(ch, data.size);
    return true;
}

/* RFC 4254 section 5.3. */
bool on_channel_eof(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = open_channel_or_gone(ssh, number);
    if (!ch || ch->input == INPUT_EOF)
        return true;
    transport_note_activity(ssh);
    ch->input = INPUT_EOF;
    if (channel_is_closing(ch))
        return true;
    if (ch->owner != OWNER_RUNS) { /* no owner is there to close it */
        ch->output = channel_output_after(ch->output, CHANNEL_ABANDON);
        channel_wake(ch);
    } else if (ssh->events.eof) {
        ssh->events.eof(ssh->user_data, ch);
    }
    return true;
}

bool on_channel_close(struct ssh *ssh, struct cursor *c)
{
    uint32_t number = get_u32(c);
    if (!cursor_done(c))
        return false;
    struct ssh_channel *ch = open_channel_or_gone(ssh, number);
    if (!ch)
        return true;
    transport_note_activity(ssh);
    if (ch->output != OUTPUT_CLOSED) {
        channel_message(ch, SSH_MSG_CHANNEL_CLOSE);
        ssh_message_send(ssh);
    }
    channel_free(ch); /* both sides have closed: the number is free */
    return true;
}
