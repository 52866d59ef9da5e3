/* The stream before the first keys: identification line, packets in the clear, key exchange. The
 * input: one byte for the role (bit 0) and how the stream is cut (the others), then the peer's
 * bytes. */
#include <stdlib.h>
#include <string.h>

#include "bare_engine.h"
#include "base/mem.h"
#include "ssh/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX (1024u * 1024) /* that someone unknown can make us hold */

static void check(bool ok)
{
    if (!ok)
        abort();
}

static bool same_bytes(void *user_data, uint8_t *out, size_t size)
{
    (void)user_data;
    memset(out, 0x5a, size);
    return true;
}

struct owner {
    unsigned overs, others;
};

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    struct owner *o = user_data;
    o->overs++;
    check(end != SSH_END_INTERNAL && detail && *detail);
}

static void on_auth(void *user_data, struct login_query *query)
{
    struct owner *o = user_data;
    o->others++;
    query->answers->accept(query);
}

static void on_authenticated(void *user_data)
{
    struct owner *o = user_data;
    o->others++;
}

static struct ssh *engine(enum ssh_role role, struct owner *o)
{
    static struct crypto *crypto;
    static sally_key *key;
    struct ssh *ssh;
    if (!crypto && (crypto_new(&crypto) || sally_key_generate(&key, "ed25519", 0)))
        abort();
    const struct ssh_events events = {
        .over = on_over, .login = on_auth, .authenticated = on_authenticated};
    const struct ssh_options options = {
        .role = role,
        .crypto = crypto,
        .random = {same_bytes, NULL},
        .host_keys = &key,
        .host_key_count = 1,
        .settings.fixed.software = "Fuzz",
        .settings.fixed.kex = "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256,"
                              "diffie-hellman-group-exchange-sha256",
    };
    if (ssh_new(&ssh, &options, &events, o, 1))
        abort();
    return ssh;
}

static void check_memory(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    check(t->rx.capacity + t->output.capacity + t->waiting.capacity + t->message.capacity <
          MEMORY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owner o = {0, 0};
    struct cursor input = cursor_of(data, size);
    uint8_t manner = get_u8(&input);
    struct ssh *ssh = engine(manner & 1 ? SSH_CLIENT : SSH_SERVER, &o);
    size_t cut = manner >> 1 ? manner >> 1 : SIZE_MAX;
    while (cursor_left(&input) && !ssh_is_over(ssh)) {
        uint8_t *room;
        size_t take = ssh_input_room(ssh, &room);
        check(take != 0 || ssh_is_over(ssh));
        take = take < cut ? take : cut;
        take = take < cursor_left(&input) ? take : cursor_left(&input);
        struct slice piece = get_bytes(&input, take);
        if (piece.size)
            memcpy(room, piece.data, piece.size);
        ssh_input_filled(ssh, piece.size);
        ssh_run(ssh, ssh->now_ns + 1);
        ssh_output_sent(ssh, ssh_output(ssh).size);
        check_memory(ssh);
    }
    check(o.overs == (ssh_is_over(ssh) ? 1 : 0));
    check(o.others == 0 && !ssh_is_authenticated(ssh));
    ssh_free(ssh);
    return 0;
}
