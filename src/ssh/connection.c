#include "ssh/connection.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "sallyport/log.h"
#include "ssh/channel.h"
#include "ssh/channel_send.h"
#include "ssh/disconnect.h"
#include "ssh/kex.h"
#include "ssh/send.h"
#include "ssh/transport.h"

bool connection_new(struct ssh *ssh)
{
    struct connection *c = mem_zalloc(sizeof *c);
    if (!c)
        return false;
    list_init(&c->busy);
    ssh->connection = c;
    return true;
}

void connection_free(struct ssh *ssh)
{
    struct connection *c = ssh->connection;
    if (!c)
        return;
    for (uint32_t i = 0; i < c->slots; i++) {
        if (c->channels[i])
            channel_free(c->channels[i]);
    }
    mem_free(c->channels);
    mem_free(c);
    ssh->connection = NULL;
}

struct window_budget connection_budget(struct ssh *ssh)
{
    return (struct window_budget){ssh->events.window_charge, ssh->events.window_release,
                                  ssh->user_data};
}

void connection_trim(struct ssh *ssh)
{
    struct connection *c = ssh->connection;
    struct window_budget budget = connection_budget(ssh);
    for (uint32_t i = 0; c && i < c->slots; i++)
        if (c->channels[i])
            window_trim(&c->channels[i]->window, &budget);
}

/* The lowest free slot, created if there is none. UINT32_MAX: out of memory. */
static uint32_t free_slot(struct connection *c)
{
    for (uint32_t i = 0; i < c->slots; i++) {
        if (!c->channels[i])
            return i;
    }
    uint32_t slots = c->slots ? c->slots * 2 : 4;
    struct ssh_channel **channels = mem_resize(c->channels, slots, sizeof *channels);
    if (!channels)
        return UINT32_MAX;
    memset(channels + c->slots, 0, (slots - c->slots) * sizeof *channels);
    uint32_t slot = c->slots;
    c->channels = channels;
    c->slots = slots;
    return slot;
}

struct ssh_channel *channel_new(struct ssh *ssh, const char **refusal)
{
    struct connection *c = ssh->connection;
    struct window_budget budget = connection_budget(ssh);
    *refusal = NULL;
    if (c->count >= ssh->options.max_channels) {
        *refusal = "limits.channels";
        return NULL;
    }
    uint32_t slot = free_slot(c);
    struct ssh_channel *ch = slot == UINT32_MAX ? NULL : mem_zalloc(sizeof *ch);
    if (ch)
        *refusal = window_open(&ch->window, &budget, ssh->options.settings.window_start,
                               WINDOW_LEAST, ssh->now_ns);
    if (!ch || *refusal) {
        mem_free(ch);
        return NULL;
    }
    ch->ssh = ssh;
    ch->opened_ns = ssh->now_ns;
    ch->number = slot;
    ch->packet_max = ssh->options.settings.channel_packet;
    list_init(&ch->busy);
    list_init(&ch->chunks);
    channel_env_init(&ch->env);
    c->channels[slot] = ch;
    c->count++;
    if (c->numbers <= slot)
        c->numbers = slot + 1;
    return ch;
}

void channel_free(struct ssh_channel *ch)
{
    struct ssh *ssh = ch->ssh;
    struct window_budget budget = connection_budget(ssh);
    ch->input = INPUT_CLOSED;
    ch->output = OUTPUT_CLOSED; /* the owner's last calls do nothing */
    list_remove(&ch->busy);
    channel_drop_chunks(ch);
    channel_env_clear(&ch->env, &budget);
    mem_free(ch->exit.signal);
    ch->exit = (struct channel_exit){0};
    if (ch->owner != OWNER_UNAWARE && ssh->events.closed)
        ssh->events.closed(ssh->user_data, ch);
    list_remove(&ch->busy);
    window_close(&ch->window, &budget);
    ssh->connection->channels[ch->number] = NULL;
    ssh->connection->count--;
    mem_free(ch);
}

struct ssh_channel *channel_of(struct ssh *ssh, uint32_t number)
{
    struct connection *c = ssh->connection;
    if (number < c->slots && c->channels[number])
        return c->channels[number];
    transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL,
                  "message for a channel that does not exist");
    return NULL;
}

struct ssh_channel *channel_or_gone(struct ssh *ssh, uint32_t number)
{
    const struct connection *c = ssh->connection;
    if (number < c->numbers && !c->channels[number])
        return NULL;
    return channel_of(ssh, number);
}

/* ---- Whether the peer reads waiting data ---- */

uint64_t connection_stall_deadline(const struct ssh *ssh)
{
    const struct connection *c = ssh->connection;
    return c && c->stall_check_ns && ssh->options.stall_ns ? c->stall_check_ns : UINT64_MAX;
}

bool connection_is_stalled(struct ssh *ssh)
{
    struct connection *c = ssh->connection;
    uint64_t patience = ssh->options.stall_ns, next = UINT64_MAX;
    for (uint32_t i = 0; i < c->slots; i++) {
        struct ssh_channel *ch = c->channels[i];
        if (!ch || !ch->queued)
            continue;
        /* No channel data is sent during a key exchange, which has a deadline of its own; and what
         * the peer says of its windows is not read while the owner's answer is awaited. */
        if (kex_is_sending(ssh->transport->kex) || ssh_input_is_paused(ssh))
            progress_begin(&ch->progress, ssh->now_ns);
        if (progress_is_stalled(&ch->progress, ch->queued, patience, ssh->now_ns))
            return true;
        next = min_u64(next, progress_deadline(&ch->progress, patience));
    }
    c->stall_check_ns = next == UINT64_MAX ? 0 : next;
    return false;
}

/* The busy channels send one packet each in turn, until the transport accepts no more or all are
 * idle. */
void connection_pump(struct ssh *ssh)
{
    struct connection *c = ssh->connection;
    struct list *item;
    while (c && ssh->state == READY && (item = list_pop_first(&c->busy)) != NULL) {
        switch (channel_step(CONTAINER_OF(item, struct ssh_channel, busy))) {
        case STEP_SENT:
            if (list_empty(item))
                list_append(&c->busy, item);
            break;
        case STEP_NOTHING:
            break;
        case STEP_BLOCKED:
            list_remove(item);
            list_prepend(&c->busy, item); /* its turn is still to come */
            return;
        case STEP_OVER:
            return;
        }
    }
}

/* ---- Channels are opened (RFC 4254 section 5.1) ---- */

static void send_open_failure(struct ssh *ssh, uint32_t peer_number, uint32_t reason,
                              const char *text)
{
    struct buf *m = ssh_message(ssh, SSH_MSG_CHANNEL_OPEN_FAILURE);
    put_u32(m, peer_number);
    put_u32(m, reason);
    put_text(m, text);
    put_text(m, ""); /* language tag */
    ssh_message_send(ssh);
}

static void send_open_confirmation(struct ssh_channel *ch)
{
    struct buf *m = ssh_message(ch->ssh, SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    put_u32(m, ch->peer_number);
    put_u32(m, ch->number);
    put_u32(m, ch->window.granted);
    put_u32(m, ch->packet_max);
    ssh_message_send(ch->ssh);
}

static const char *const prohibited_types[] = {
    "x11",
    "direct-tcpip",
    "forwarded-tcpip",
    "direct-streamlocal@openssh.com",
    "forwarded-streamlocal@openssh.com",
    "auth-agent@openssh.com",
    "tun@openssh.com",
};

static bool is_prohibited(struct slice type)
{
    for (size_t i = 0; i < COUNT_OF(prohibited_types); i++) {
        if (slice_is(type, prohibited_types[i]))
            return true;
    }
    return false;
}

/* Logged once per connection, even if the client keeps trying. */
static void refuse_session(struct ssh *ssh, uint32_t peer_number, const char *setting)
{
    char text[128];
    bool is_count = setting && strcmp(setting, "limits.channels") == 0;
    if (is_count)
        snprintf(text, sizeof text, "too many channels: %s allows %u per connection", setting,
                 (unsigned)ssh->options.max_channels);
    else
        snprintf(text, sizeof text, "no memory for another channel: %s%s",
                 setting ? setting : "out of memory", setting ? " is reached" : "");
    send_open_failure(ssh, peer_number, OPEN_RESOURCE_SHORTAGE, text);
    if (ssh->connection->has_logged_refusal)
        return;
    ssh->connection->has_logged_refusal = true;
    const sally_log_field fields[] = {{"setting", setting ? setting : ""}};
    log_line(ssh->options.log, ssh->options.log_ids, SALLY_LOG_WARNING, "channel.refused", fields,
             COUNT_OF(fields), "Channel refused: %s", text);
    if (ssh->events.session_refused)
        ssh->events.session_refused(ssh->user_data, setting);
}

static void open_session(struct ssh *ssh, uint32_t peer_number, uint32_t window, uint32_t packet)
{
    if (ssh->connection->no_more_sessions) {
        send_open_failure(ssh, peer_number, OPEN_PROHIBITED,
                          "session requested after no-more-sessions");
        return;
    }
    if (packet == 0) { /* nothing could ever be sent */
        send_open_failure(ssh, peer_number, OPEN_PROHIBITED, "maximum packet size is zero");
        return;
    }
    const char *refusal;
    struct ssh_channel *ch = channel_new(ssh, &refusal);
    if (!ch) {
        refuse_session(ssh, peer_number, refusal);
        return;
    }
    ch->peer_number = peer_number;
    ch->peer_window = window;
    ch->peer_packet = packet;
    ch->input = INPUT_OPEN;
    send_open_confirmation(ch);
}

bool on_channel_open(struct ssh *ssh, struct cursor *c)
{
    struct slice type = get_string(c);
    uint32_t peer_number = get_u32(c);
    uint32_t window = get_u32(c);
    uint32_t packet = get_u32(c);
    if (c->bad)
        return false;
    transport_note_activity(ssh);
    if (ssh->options.role == SSH_SERVER && slice_is(type, "session")) {
        if (!cursor_done(c))
            return false;
        open_session(ssh, peer_number, window, packet);
    } else if (is_prohibited(type)) {
        send_open_failure(ssh, peer_number, OPEN_PROHIBITED, "forwarding is not offered");
    } else {
        send_open_failure(ssh, peer_number, OPEN_UNKNOWN_TYPE, "unknown channel type");
    }
    return true;
}
