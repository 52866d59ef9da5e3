/* The engine as a whole: its creation, its runs, and the owner's queries. */
#include "ssh/transport.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "crypto/packet_cipher.h"
#include "ssh/compress.h"
#include "ssh/connection.h"
#include "ssh/disconnect.h"
#include "ssh/ext_info.h"
#include "ssh/jobs.h"
#include "ssh/kex.h"
#include "ssh/kexinit.h"
#include "ssh/messages.h"
#include "ssh/receive.h"
#include "ssh/rekey.h"
#include "ssh/send.h"
#include "ssh/userauth.h"
#include "ssh/version.h"

static uint32_t within(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* The options as the engine uses them: defaults in place of zero, nothing so small that a packet of
 * the size that RFC 4253 section 6.1 requires would not fit, and nothing so large that sums of
 * sizes could overflow. */
#define SIZE_MOST (256u * 1024 * 1024)

static void set_numbers(struct ssh_options *to, const struct ssh_options *from)
{
    const struct ssh_fixed_settings fixed = to->settings.fixed;
    struct ssh_settings *s = &to->settings;
    *s = from->settings;
    s->fixed = fixed;
    s->keepalive_count = or_default(s->keepalive_count, 3);
    s->window_start = or_default(s->window_start, 2 * 1024 * 1024);
    s->window_max =
        within(or_default(s->window_max, 64 * 1024 * 1024), s->window_start, UINT32_MAX);
    s->channel_packet = or_default(s->channel_packet, 256 * 1024);
    s->send_queue = within(or_default(s->send_queue, 512 * 1024), 64 * 1024, SIZE_MOST);
    to->login_ns = from->login_ns;
    to->idle_ns = from->idle_ns;
    to->stall_ns = from->stall_ns;
    to->max_auth_attempts = or_default(from->max_auth_attempts, 6);
    to->max_channels = or_default(from->max_channels, 10);
    to->max_packet =
        within(or_default(from->max_packet, (256 + 2) * 1024), LOGIN_PACKET_MAX, SIZE_MOST);
}

static void set_output_max(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    /* More than that may already wait, from before a change. */
    size_t data = ssh->options.settings.send_queue > t->output.size
                      ? ssh->options.settings.send_queue
                      : t->output.size;
    t->output.max = data + CONTROL_ROOM + WAITING_MAX + ANSWER_MAX + ssh->options.max_packet;
    t->inflated.max = ssh->options.max_packet;
    t->deflated.max = t->output.max;
}

static bool transport_new(struct ssh *ssh)
{
    struct transport *t = mem_zalloc(sizeof *t);
    if (!t)
        return false;
    ssh->transport = t;
    list_init(&t->jobs);
    t->in.cipher = packet_cipher_none();
    t->out.cipher = packet_cipher_none();
    t->started_ns = t->heard_ns = t->active_ns = t->rekeyed_ns = ssh->now_ns;
    buf_init(&t->output, 0);
    buf_init(&t->message, ANSWER_MAX);
    buf_init(&t->waiting, WAITING_MAX);
    buf_init(&t->inflated, 0);
    buf_init(&t->deflated, 0);
    t->output.free_large = t->message.free_large = t->waiting.free_large = t->inflated.free_large =
        t->deflated.free_large = ssh->options.free_large;
    set_output_max(ssh);
    return true;
}

static void transport_free(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    if (!t)
        return;
    jobs_abandon(ssh);
    kex_free(t);
    packet_cipher_free(t->in.cipher);
    packet_cipher_free(t->out.cipher);
    compressor_free(t->in.compressor);
    compressor_free(t->out.compressor);
    mem_wipe_free(t->rx.data, t->rx.capacity); /* it has contained passwords */
    buf_clear(&t->output);
    buf_clear(&t->message);
    buf_clear(&t->waiting);
    buf_clear(&t->inflated);
    buf_clear(&t->deflated);
    mem_free(t->padding);
    mem_free(t->algorithms);
    mem_free(t->user_algorithms);
    mem_free(t->end_text);
    mem_wipe_free(t, sizeof *t);
}

sally_error ssh_new(struct ssh **out, const struct ssh_options *options,
                    const struct ssh_events *events, void *user_data, uint64_t now_ns)
{
    *out = NULL;
    if (!options->crypto || !options->random.fill || !options->settings.fixed.software)
        return SALLY_E_INVALID;
    struct ssh *ssh = mem_zalloc(sizeof *ssh);
    if (!ssh)
        return SALLY_E_NO_MEMORY;
    ssh->options = *options;
    set_numbers(&ssh->options, options);
    ssh->options.crypto = crypto_ref(options->crypto);
    ssh->options.host_keys = NULL;
    ssh->options.host_key_count = 0;
    ssh->events = *events;
    ssh->user_data = user_data;
    ssh->state = AWAIT_VERSION;
    ssh->now_ns = now_ns;

    sally_error error = SALLY_E_NO_MEMORY;
    sally_key **keys = mem_array(options->host_key_count, sizeof(sally_key *));
    if (keys) {
        for (size_t i = 0; i < options->host_key_count; i++)
            keys[i] = sally_key_ref(options->host_keys[i]);
        ssh->options.host_keys = keys;
        ssh->options.host_key_count = options->host_key_count;
    }
    if (keys && transport_new(ssh) && ext_info_init(ssh) && userauth_new(ssh) &&
        connection_new(ssh))
        error = version_init(ssh);
    if (!error)
        error = kexinit_send(ssh);
    if (error) {
        ssh_free(ssh);
        return error;
    }
    *out = ssh;
    return SALLY_E_OK;
}

void ssh_free(struct ssh *ssh)
{
    if (!ssh)
        return;
    ssh->state = OVER;
    if (ssh->transport)
        ssh->transport->depth++; /* the events below may call the engine, but nothing runs */
    if (ssh->connection)
        connection_free(ssh);
    if (ssh->userauth)
        userauth_free(ssh);
    transport_free(ssh);
    for (size_t i = 0; i < ssh->options.host_key_count; i++)
        sally_key_unref(ssh->options.host_keys[i]);
    mem_free((void *)(uintptr_t)ssh->options.host_keys);
    crypto_unref(ssh->options.crypto);
    mem_free(ssh);
}

void transport_enter(struct ssh *ssh)
{
    ssh->transport->depth++;
}

void transport_leave(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    if (t->depth == 1 && t->end_unreported)
        transport_deliver_end(ssh);
    t->depth--;
}

static void set_now(struct ssh *ssh, uint64_t now_ns)
{
    if (now_ns > ssh->now_ns)
        ssh->now_ns = now_ns;
}

size_t ssh_input_room(struct ssh *ssh, uint8_t **room)
{
    const struct transport *t = ssh->transport;
    *room = NULL;
    if (ssh->state == OVER || t->input_pauses || send_is_full(ssh))
        return 0;
    if (t->depth)
        return 0; /* the buffer must not move: a payload in it is in use */
    return receive_room(ssh, room);
}

void ssh_input_filled(struct ssh *ssh, size_t size)
{
    struct receive_buffer *rx = &ssh->transport->rx;
    rx->end += size;
    if (size == rx->room && ssh->transport->authenticated)
        rx->bulk = true;
    rx->room = 0;
}

/* Up to the end of the turn; NULL: everything. */
static void process_input(struct ssh *ssh, struct turn *turn)
{
    struct transport *t = ssh->transport;
    struct slice payload;
    uint32_t sequence;
    while (ssh->state != OVER && !t->input_pauses && !send_is_full(ssh) && !turn_is_over(turn)) {
        if (ssh->state == AWAIT_VERSION) {
            if (!version_receive(ssh))
                return;
        } else {
            if (!receive_packet(ssh, &payload, &sequence))
                return;
            turn_spend(turn, TURN_PACKET);
            messages_dispatch(ssh, payload, sequence);
        }
    }
}

void ssh_run(struct ssh *ssh, uint64_t now_ns)
{
    struct transport *t = ssh->transport;
    set_now(ssh, now_ns);
    t->run_wanted = true;
    if (t->depth)
        return; /* from an event: the outer call goes on, or ssh_deadline() asks for another one */
    transport_enter(ssh);
    while (t->run_wanted && ssh->state != OVER) {
        t->run_wanted = false;
        process_input(ssh, ssh->options.turn);
        rekey_start_if_due(ssh);
        if (ssh->state == READY)
            connection_pump(ssh);
    }
    t->run_wanted = false;
    transport_leave(ssh);
}

void ssh_input_eof(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    transport_enter(ssh);
    if (t->depth == 1)
        process_input(ssh, NULL);
    transport_end(ssh, 0, SSH_END_PEER, "the peer closed the connection");
    transport_leave(ssh);
}

struct slice ssh_output(struct ssh *ssh)
{
    return buf_slice(&ssh->transport->output);
}

void ssh_output_sent(struct ssh *ssh, size_t size)
{
    buf_consume(&ssh->transport->output, size);
}

bool ssh_is_over(const struct ssh *ssh)
{
    return ssh->state == OVER;
}

void ssh_trim(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    if (t->depth)
        return; /* a payload in one of them is in use */
    if (t->output.size == 0)
        buf_clear(&t->output);
    if (t->waiting.size == 0)
        buf_clear(&t->waiting);
    buf_clear(&t->message);
    buf_clear(&t->inflated);
    buf_clear(&t->deflated);
    mem_free(t->padding);
    t->padding = NULL;
    receive_trim(ssh);
    connection_trim(ssh);
}

size_t ssh_memory(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    size_t compressors =
        (t->in.compressor ? INFLATE_BYTES : 0) + (t->out.compressor ? DEFLATE_BYTES : 0);
    return t->rx.capacity + t->output.capacity + t->message.capacity + t->waiting.capacity +
           t->inflated.capacity + t->deflated.capacity + compressors;
}

void ssh_change(struct ssh *ssh, const struct ssh_options *options)
{
    set_numbers(&ssh->options, options);
    set_output_max(ssh);
    ssh->transport->run_wanted = true;
}

void ssh_pause_input(struct ssh *ssh)
{
    ssh->transport->input_pauses++;
}

void ssh_resume_input(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    t->input_pauses--;
    t->run_wanted = true;
    t->heard_ns = ssh->now_ns; /* it could not be heard */
}

bool ssh_input_is_paused(const struct ssh *ssh)
{
    return ssh->transport->input_pauses != 0;
}

struct slice ssh_session_id(const struct ssh *ssh)
{
    struct slice id = {ssh->transport->session_id, ssh->transport->session_id_size};
    return id;
}

void transport_login_done(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    t->authenticated = true;
    t->active_ns = ssh->now_ns;
    /* The success itself may still wait for the end of a key exchange: then send_waiting()
     * continues. */
    if (t->waiting.size == 0) {
        t->compression_started = true;
        if (!compress_start_out(t) || !compress_start_in(t))
            transport_no_memory(ssh);
    }
}

void transport_note_activity(struct ssh *ssh)
{
    ssh->transport->active_ns = ssh->now_ns;
}

const char *ssh_peer_software(const struct ssh *ssh)
{
    return ssh->transport->peer_software ? ssh->transport->peer_software : "";
}

const char *ssh_algorithms(const struct ssh *ssh)
{
    return ssh->transport->algorithms ? ssh->transport->algorithms : "";
}

bool ssh_is_authenticated(const struct ssh *ssh)
{
    return ssh->transport->authenticated;
}

void transport_log(const struct ssh *ssh, uint32_t level, const char *event, const char *format,
                   ...)
{
    if (!log_wants(ssh->options.log, level))
        return;
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_line(ssh->options.log, ssh->options.log_ids, level, event, NULL, 0, "%s", text);
}
