/* Two complete engines after login, client and server, with real keys. The input chooses cipher,
 * MAC, compression and limits, and then the events: data in both directions, properly sealed
 * messages of any kind, rekeying by either side, corrupted bytes, passing time.
 *
 * Data arrives in order and unchanged, or not at all. */
#include <stdlib.h>

#include "bare_engine.h"
#include "ssh/engine_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum action {
    CLIENT_SENDS,
    SERVER_SENDS,
    CLIENT_MESSAGE,
    SERVER_MESSAGE,
    CLIENT_REKEYS,
    SERVER_REKEYS,
    TIME_PASSES,
    BYTE_CHANGES,
    BUFFERS_TRIMMED,
    CLIENT_ENDS_DATA,
    ACTION_COUNT
};

static void *keys(void)
{
    static void *state;
    if (!state && pair_group_setup(&state) != 0)
        abort();
    return &state;
}

static const char *pick(const char *const names[], size_t count, uint8_t choice)
{
    return names[choice % count];
}

static void choose(struct pair *p, struct cursor *input)
{
    static const char *const ciphers[] = {"chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com",
                                          "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"};
    static const char *const macs[] = {"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512",
                                       "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256"};
    static const char *const compressions[] = {"none", "zlib@openssh.com"};
    struct ssh_settings *s = &p->server_options.settings;
    s->fixed.ciphers = pick(ciphers, COUNT_OF(ciphers), get_u8(input));
    s->fixed.macs = pick(macs, COUNT_OF(macs), get_u8(input));
    p->client_options.settings.fixed.compression = s->fixed.compression =
        pick(compressions, COUNT_OF(compressions), get_u8(input));
    s->rekey_bytes = (uint64_t)get_u8(input) << 12;
    s->rekey_ns = get_u8(input) * UINT64_C(1000000000);
    s->keepalive_ns = get_u8(input) * UINT64_C(1000000000);
    p->server_options.idle_ns = get_u8(input) * UINT64_C(1000000000);
    s->window_start = 32768u + ((uint32_t)get_u8(input) << 10);
    p->cut = (size_t)get_u8(input) * 16;
}

/* ---- Corruption ---- */

static void change_byte(struct pair *p, struct side *from, uint8_t *data, size_t size)
{
    (void)from;
    data[p->tamper_at % size] ^= (uint8_t)(1 + p->tamper_at / size % 255);
    p->tamper = NULL;
}

/* ---- Actions ---- */

static bool is_over(const struct pair *p)
{
    return ssh_is_over(p->client.ssh) || ssh_is_over(p->server.ssh);
}

static void inject(struct pair *p, struct side *s, struct slice payload)
{
    pair_run(p);
    if (is_over(p) || payload.size == 0 || payload.size > 30000 || ssh_output(s->ssh).size > 0)
        return;
    p->any_data = true;
    side_inject(s, payload);
}

static uint16_t get_u16(struct cursor *c)
{
    uint16_t high = get_u8(c);
    return (uint16_t)(high << 8 | get_u8(c));
}

static void send_data(struct side *s, size_t size)
{
    if (s->channel && !s->closed && size)
        side_send(s, size);
}

static void act(struct pair *p, uint8_t action, struct slice body)
{
    struct cursor at = cursor_of_slice(body);
    switch (action % ACTION_COUNT) {
    case CLIENT_SENDS:
        send_data(&p->client, get_u16(&at));
        break;
    case SERVER_SENDS:
        send_data(&p->server, get_u16(&at));
        break;
    case CLIENT_MESSAGE:
        inject(p, &p->client, body);
        break;
    case SERVER_MESSAGE:
        inject(p, &p->server, body);
        break;
    case CLIENT_REKEYS:
        ssh_rekey(p->client.ssh);
        break;
    case SERVER_REKEYS:
        ssh_rekey(p->server.ssh);
        break;
    case TIME_PASSES:
        p->now_ns += get_u16(&at) * UINT64_C(10000000);
        ssh_tick(p->client.ssh, p->now_ns);
        ssh_tick(p->server.ssh, p->now_ns);
        break;
    case BYTE_CHANGES:
        p->tamper_at = get_u32(&at);
        p->tamper = change_byte;
        break;
    case BUFFERS_TRIMMED:
        ssh_trim(p->server.ssh);
        break;
    default:
        if (p->client.channel)
            ssh_channel_finish(p->client.channel, 0);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(data, size);
    struct pair p;
    pair_init(&p, keys());
    pair_use_key(&p, keys(), "ed25519");
    choose(&p, &input);
    pair_start(&p);
    pair_exchange_keys(&p);
    pair_log_in(&p);
    pair_open_channel(&p);
    for (int i = 0; i < 200 && cursor_left(&input) && !is_over(&p); i++) {
        uint8_t action = get_u8(&input);
        struct slice body;
        if (!next_record(&input, &body))
            break;
        act(&p, action, body);
        ssh_run(p.client.ssh, p.now_ns);
        ssh_run(p.server.ssh, p.now_ns);
        pair_run(&p);
    }
    if (p.client.overs > 1 || p.server.overs > 1 || p.client.received > p.server.sent ||
        (!p.any_data && p.server.received > p.client.sent))
        abort();
    pair_free(&p);
    return 0;
}
