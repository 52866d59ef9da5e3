/* The connection protocol, the server's side: records are messages; an empty one is followed by a
 * byte that makes the owner do something with a channel. The owner echoes. */
#include <stdlib.h>
#include <string.h>

#include "bare_engine.h"
#include "base/mem.h"
#include "ssh/channel.h"
#include "ssh/connection.h"
#include "ssh/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANNELS 16

struct owner {
    struct ssh_channel *channels[CHANNELS]; /* running, by number */
    size_t charged;
    unsigned over;
    uint8_t manner;
};

struct echo {
    struct chunk chunk;
    uint8_t bytes[];
};

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void release(struct chunk *c)
{
    mem_free(CONTAINER_OF(c, struct echo, chunk));
}

static void send_bytes(struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    struct echo *e = mem_alloc(sizeof *e + size);
    check(e != NULL);
    memcpy(e->bytes, data, size);
    list_init(&e->chunk.link);
    e->chunk.data = e->bytes;
    e->chunk.size = size;
    e->chunk.release = release;
    ssh_channel_send(channel, &e->chunk);
}

static enum ssh_answer on_start(void *user_data, struct ssh_channel *channel, struct slice what)
{
    struct owner *o = user_data;
    uint32_t number = ssh_channel_number(channel);
    check(number < CHANNELS && !o->channels[number] && !slice_has_nul(what));
    if (what.size == 0)
        return false;
    o->channels[number] = channel;
    return true;
}

static void on_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    struct owner *o = user_data;
    check(o->channels[ssh_channel_number(channel)] == channel && size > 0);
    if (ssh_channel_queued(channel) < 100000)
        send_bytes(channel, data, size);
    if (o->manner & 1)
        ssh_channel_credit(channel, size);
}

static void on_eof(void *user_data, struct ssh_channel *channel)
{
    struct owner *o = user_data;
    if (o->manner & 2)
        ssh_channel_finish(channel, 0);
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    struct owner *o = user_data;
    uint32_t number = ssh_channel_number(channel);
    check(!o->channels[number] || o->channels[number] == channel);
    o->channels[number] = NULL;
    ssh_channel_finish(channel, 1);
}

static const char *on_charge(void *user_data, size_t bytes, uint32_t part)
{
    struct owner *o = user_data;
    (void)part;
    if (bytes > 600000 - o->charged)
        return "limits.memory";
    o->charged += bytes;
    return NULL;
}

static void on_release(void *user_data, size_t bytes)
{
    struct owner *o = user_data;
    check(bytes <= o->charged);
    o->charged -= bytes;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)detail;
    struct owner *o = user_data;
    check(++o->over == 1 && end != SSH_END_INTERNAL);
}

static void act(struct owner *o, uint8_t what)
{
    struct ssh_channel *ch = o->channels[what % CHANNELS];
    if (!ch)
        return;
    switch (what / CHANNELS % 4) {
    case 0:
        ssh_channel_credit(ch, what * 1000u);
        break;
    case 1:
        ssh_channel_send_eof(ch);
        break;
    case 2:
        ssh_channel_finish(ch, what);
        break;
    default:
        send_bytes(ch, (const uint8_t *)"some more bytes of the owner's", what % 30u);
        break;
    }
}

static void look_at_sent(void *user_data, struct slice payload)
{
    (void)user_data;
    struct cursor c = cursor_of_slice(payload);
    if (get_u8(&c) != SSH_MSG_CHANNEL_DATA)
        return;
    get_u32(&c);
    check(get_string(&c).size > 0 && cursor_done(&c));
}

static void look_at_windows(const struct ssh *ssh)
{
    const struct connection *c = ssh->connection;
    uint32_t count = 0;
    for (uint32_t i = 0; c && i < c->slots; i++) {
        const struct ssh_channel *ch = c->channels[i];
        if (!ch)
            continue;
        count++;
        check((uint64_t)ch->window.granted + ch->window.owed <= ch->window.size);
        check(ch->number == i && ch->peer_packet > 0);
    }
    check(!c || (count == c->count && count <= 10));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owner o = {0};
    const struct ssh_events events = {
        .subsystem = on_start,
        .exec = on_start,
        .data = on_data,
        .eof = on_eof,
        .closed = on_closed,
        .window_charge = on_charge,
        .window_release = on_release,
        .over = on_over,
    };
    struct cursor input = cursor_of(data, size);
    struct slice payload;
    o.manner = get_u8(&input);
    struct ssh *ssh = bare_engine(&events, &o, READY);
    while (!ssh_is_over(ssh) && next_record(&input, &payload)) {
        if (payload.size == 0)
            act(&o, get_u8(&input));
        else if (payload.data[0] != SSH_MSG_KEXINIT)
            bare_engine_feed(ssh, payload);
        ssh_run(ssh, ssh->now_ns);
        look_at_windows(ssh);
        check(!ssh_input_is_paused(ssh));
        bare_engine_drain(ssh, look_at_sent, NULL);
    }
    ssh_free(ssh);
    check(o.charged == 0);
    for (size_t i = 0; i < CHANNELS; i++)
        check(!o.channels[i]);
    return 0;
}
