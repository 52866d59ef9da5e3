#include "bare_engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ssh/kex.h"
#include "ssh/messages.h"
#include "ssh/transport.h"

static bool same_bytes(void *user_data, uint8_t *out, size_t size)
{
    (void)user_data;
    memset(out, 0x5a, size);
    return true;
}

struct ssh *bare_engine(const struct ssh_events *events, void *user_data, enum ssh_state state)
{
    static struct crypto *crypto;
    static sally_key *key;
    struct ssh *ssh;
    if (!crypto && (crypto_new(&crypto) || sally_key_generate(&key, "ed25519", 0)))
        abort();
    struct ssh_options options = {
        .role = SSH_SERVER,
        .crypto = crypto,
        .random = {same_bytes, NULL},
        .host_keys = &key,
        .host_key_count = 1,
        .settings.fixed.software = "Fuzz",
        .settings.fixed.banner = "Hello\n",
        .settings.window_start = 64 * 1024,
        .settings.window_max = 1024 * 1024,
        .settings.channel_packet = 32 * 1024,
    };
    if (ssh_new(&ssh, &options, events, user_data, 1))
        abort();
    kex_free(ssh->transport);
    ssh->transport->authenticated = state == READY;
    ssh->transport->session_id_size = 32;
    memset(ssh->transport->session_id, 7, 32);
    ssh_output_sent(ssh, ssh_output(ssh).size);
    ssh->state = state;
    return ssh;
}

void bare_engine_feed(struct ssh *ssh, struct slice payload)
{
    uint8_t *copy = mem_dup(payload.data, payload.size);
    if (!copy)
        abort();
    transport_enter(ssh);
    messages_dispatch(ssh, (struct slice){copy, payload.size}, 0);
    transport_leave(ssh);
    mem_free(copy);
    ssh_run(ssh, ssh->now_ns + 1000000);
}

void bare_engine_drain(struct ssh *ssh, void (*seen)(void *user_data, struct slice payload),
                       void *user_data)
{
    struct slice out = ssh_output(ssh);
    struct cursor c = cursor_of_slice(out);
    while (cursor_left(&c)) {
        uint32_t length = get_u32(&c);
        uint8_t padding = get_u8(&c);
        if (c.bad || padding < 4 || length < padding + 2u)
            abort();
        struct slice payload = get_bytes(&c, (size_t)length - padding - 1);
        get_bytes(&c, padding);
        if (c.bad)
            abort();
        if (seen)
            seen(user_data, payload);
    }
    ssh_output_sent(ssh, out.size);
}

bool next_record(struct cursor *input, struct slice *payload)
{
    uint32_t size = get_u8(input);
    size = size << 8 | get_u8(input);
    *payload = get_bytes(input, size);
    return !input->bad;
}
