/* KEXINIT (RFC 4253 section 7.1): our offer, the peer's, and what follows from both. */
#include "ssh/kexinit.h"

#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "ssh/compress.h"
#include "ssh/disconnect.h"
#include "ssh/kex.h"
#include "ssh/send.h"
#include "ssh/transport.h"

#define COOKIE_SIZE 16u

/* A table of algorithms, as needed for offers. */
struct name_table {
    const char *(*at)(const struct ssh *ssh, size_t index, bool *wanted); /* offered by default */
    bool (*knows)(const struct ssh *ssh, struct slice name);
};

static const char *kex_name_at(const struct ssh *ssh, size_t index, bool *wanted)
{
    (void)ssh;
    const struct kex_method *m = kex_method_at(index);
    *wanted = m && m->in_default;
    return m ? m->name : NULL;
}

static bool kex_is_known(const struct ssh *ssh, struct slice name)
{
    (void)ssh;
    return kex_method_find(name) != NULL;
}

static const char *cipher_name_at(const struct ssh *ssh, size_t index, bool *wanted)
{
    (void)ssh;
    const struct cipher_info *c = cipher_at(index);
    *wanted = c && c->in_default;
    return c ? c->name : NULL;
}

static bool cipher_is_known(const struct ssh *ssh, struct slice name)
{
    (void)ssh;
    return cipher_find(name) != NULL;
}

static const char *mac_name_at(const struct ssh *ssh, size_t index, bool *wanted)
{
    (void)ssh;
    const struct mac_info *m = mac_at(index);
    *wanted = m && m->in_default;
    return m ? m->name : NULL;
}

static bool mac_is_known(const struct ssh *ssh, struct slice name)
{
    (void)ssh;
    return mac_find(name) != NULL;
}

static const char *compression_name_at(const struct ssh *ssh, size_t index, bool *wanted)
{
    (void)ssh;
    *wanted = true;
    return ssh_compression_at(index);
}

static bool compression_is_known(const struct ssh *ssh, struct slice name)
{
    (void)ssh;
    return compression_method_find(name) != NULL;
}

/* A server offers the algorithms that it has a key for, a client all that it can verify. */
static sally_key *key_for(const struct ssh *ssh, const struct signature_algorithm *a)
{
    for (size_t i = 0; i < ssh->options.host_key_count; i++)
        if (strcmp(sally_key_type(ssh->options.host_keys[i]), a->key_type) == 0)
            return ssh->options.host_keys[i];
    return NULL;
}

static const char *host_key_name_at(const struct ssh *ssh, size_t index, bool *wanted)
{
    const struct signature_algorithm *a = signature_algorithm_at(index);
    *wanted = a && a->in_default && (ssh->options.role == SSH_CLIENT || key_for(ssh, a));
    return a ? a->name : NULL;
}

static bool host_key_is_known(const struct ssh *ssh, struct slice name)
{
    const struct signature_algorithm *a = signature_algorithm_find(name);
    return a && (ssh->options.role == SSH_CLIENT || key_for(ssh, a));
}

static const struct name_table kex_names = {kex_name_at, kex_is_known};
static const struct name_table host_key_names = {host_key_name_at, host_key_is_known};
static const struct name_table cipher_names = {cipher_name_at, cipher_is_known};
static const struct name_table mac_names = {mac_name_at, mac_is_known};
static const struct name_table compression_names = {compression_name_at, compression_is_known};

static void put_name(struct buf *b, bool *any, struct slice name)
{
    if (*any)
        put_u8(b, ',');
    put_bytes(b, name.data, name.size);
    *any = true;
}

/* The names of `chosen` that the table knows, or the table's own choice. */
static bool put_table(struct buf *b, const struct ssh *ssh, const struct name_table *table,
                      const char *chosen)
{
    bool any = false, wanted;
    if (chosen) {
        struct slice list = slice_of(chosen), name;
        while (names_next(&list, &name))
            if (table->knows(ssh, name))
                put_name(b, &any, name);
    } else {
        const char *name;
        for (size_t i = 0; (name = table->at(ssh, i, &wanted)) != NULL; i++)
            if (wanted)
                put_name(b, &any, slice_of(name));
    }
    return any;
}

static bool put_names(struct buf *b, const struct ssh *ssh, const struct name_table *table,
                      const char *chosen)
{
    size_t place = put_string_begin(b);
    bool any = put_table(b, ssh, table, chosen);
    put_string_end(b, place);
    return any;
}

/* Markers that count in the first offer only (RFC 8308 section 2.1, draft-ietf-sshm-strict-kex
 * section 3.1). */
static void put_markers(struct buf *b, enum ssh_role role)
{
    const char *markers = role == SSH_SERVER
                              ? ",ext-info-s,kex-strict-s,kex-strict-s-v00@openssh.com"
                              : ",ext-info-c,kex-strict-c,kex-strict-c-v00@openssh.com";
    put_bytes(b, markers, strlen(markers));
}

static sally_error build(struct ssh *ssh, struct buf *b)
{
    const struct ssh_options *o = &ssh->options;
    const struct ssh_fixed_settings *fixed = &o->settings.fixed;
    put_u8(b, SSH_MSG_KEXINIT);
    uint8_t *cookie = buf_extend(b, COOKIE_SIZE);
    if (!cookie)
        return SALLY_E_NO_MEMORY;
    if (!random_fill(&o->random, cookie, COOKIE_SIZE))
        return SALLY_E_CRYPTO;
    size_t place = put_string_begin(b);
    bool complete = put_table(b, ssh, &kex_names, fixed->kex);
    if (kex_is_first(ssh))
        put_markers(b, o->role);
    put_string_end(b, place);
    complete &= put_names(b, ssh, &host_key_names, fixed->host_key_algorithms);
    for (int way = 0; way < 2; way++)
        complete &= put_names(b, ssh, &cipher_names, fixed->ciphers);
    for (int way = 0; way < 2; way++)
        complete &= put_names(b, ssh, &mac_names, fixed->macs);
    for (int way = 0; way < 2; way++)
        complete &= put_names(b, ssh, &compression_names, fixed->compression);
    put_text(b, ""); /* languages */
    put_text(b, "");
    put_bool(b, false); /* first_kex_packet_follows: we never guess */
    put_u32(b, 0);
    if (b->failed)
        return SALLY_E_NO_MEMORY;
    return complete ? SALLY_E_OK : SALLY_E_INVALID;
}

sally_error kexinit_send(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    struct slice nothing = {NULL, 0};
    t->rekey_wanted = false;
    struct kex *k = kex_new(ssh);
    sally_error error = k ? build(ssh, &k->our_init) : SALLY_E_NO_MEMORY;
    if (error) {
        transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_INTERNAL,
                      "no key exchange method can be offered");
        return error;
    }
    return send_now(ssh, buf_slice(&k->our_init), nothing) ? SALLY_E_OK : SALLY_E_NO_MEMORY;
}

static bool fail(struct ssh *ssh, const char *detail)
{
    transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_PROTOCOL, detail);
    return true; /* the message was not malformed */
}

/* Names as a text for the log; the peer's may be long and contain anything. */
static char *names_text(struct slice list)
{
    if (list.size > 512)
        list.size = 512;
    return slice_strdup(list);
}

static bool disagree(struct ssh *ssh, const char *failed, struct slice client, struct slice server)
{
    bool is_server = ssh->options.role == SSH_SERVER;
    char *ours = names_text(is_server ? server : client);
    char *theirs = names_text(is_server ? client : server);
    const sally_log_field fields[] = {{"ours", ours ? ours : ""}, {"theirs", theirs ? theirs : ""}};
    log_line(ssh->options.log, ssh->options.log_ids, SALLY_LOG_WARNING, "ssh.no_agreement", fields,
             COUNT_OF(fields), "Key exchange failed: %s", failed);
    mem_free(ours);
    mem_free(theirs);
    return fail(ssh, failed);
}

static bool both_have(const struct kex_offer *client, const struct kex_offer *server,
                      const char *client_marker, const char *server_marker)
{
    return names_have(client->kex, slice_of(client_marker)) &&
           names_have(server->kex, slice_of(server_marker));
}

/* Handles what first offers contain besides algorithms. False: the connection was ended. */
static bool read_markers(struct ssh *ssh, const struct kex_offer *client,
                         const struct kex_offer *server)
{
    struct transport *t = ssh->transport;
    bool is_server = ssh->options.role == SSH_SERVER;
    t->peer_ext_info = is_server ? names_have(client->kex, slice_of("ext-info-c"))
                                 : names_have(server->kex, slice_of("ext-info-s"));
    t->strict =
        both_have(client, server, "kex-strict-c", "kex-strict-s") ||
        both_have(client, server, "kex-strict-c-v00@openssh.com", "kex-strict-s-v00@openssh.com");
    if (!t->strict && ssh->options.settings.fixed.strict_kex_required) {
        fail(ssh, is_server
                      ? "strict key exchange is required, but the client does not support it"
                      : "strict key exchange is required, but the server does not support it");
        return false;
    }
    /* Strict key exchange section 3.2: no message may precede it. */
    if (t->strict && t->in.sequence != 1) {
        fail(ssh, "a message before the first KEXINIT");
        return false;
    }
    return true;
}

static bool needs_strict_kex(const struct agreed_direction *d)
{
    return d->mac ? d->mac->needs_strict_kex : d->cipher->needs_strict_kex;
}

static bool is_refused(const struct ssh *ssh, const struct agreement *a)
{
    return ssh->options.settings.fixed.strict_kex_for_etm && !ssh->transport->strict &&
           (needs_strict_kex(&a->in) || needs_strict_kex(&a->out));
}

static struct slice first_name(struct slice list)
{
    struct slice name = {NULL, 0};
    names_next(&list, &name);
    return name;
}

/* Section 7: a guess is right when both sides prefer the same method and host key algorithm. */
static bool guess_is_wrong(const struct kex_offer *client, const struct kex_offer *server)
{
    return !slice_equal(first_name(client->kex), first_name(server->kex)) ||
           !slice_equal(first_name(client->host_key), first_name(server->host_key));
}

bool on_kexinit(struct ssh *ssh, struct cursor *payload)
{
    struct transport *t = ssh->transport;
    struct slice behind = cursor_rest(payload);
    struct kex_offer offers[2], *ours = &offers[0], *theirs = &offers[1];
    if (!kex_offer_parse(theirs, payload))
        return false;
    if (behind.size >= KEXINIT_MAX)
        return fail(ssh, "the list of algorithms is too long");
    if (++t->exchanges_begun > LOGIN_EXCHANGES_MAX && !t->authenticated)
        return fail(ssh, "too many key exchanges before login");
    if (!t->kex && kexinit_send(ssh) != SALLY_E_OK)
        return true;
    struct kex *k = t->kex;
    put_u8(&k->peer_init, SSH_MSG_KEXINIT);
    put_bytes(&k->peer_init, behind.data, behind.size);
    struct cursor our_payload = cursor_of_slice(buf_slice(&k->our_init));
    get_u8(&our_payload);
    if (k->peer_init.failed || !kex_offer_parse(ours, &our_payload)) {
        transport_no_memory(ssh);
        return true;
    }

    bool is_server = ssh->options.role == SSH_SERVER;
    const struct kex_offer *client = is_server ? theirs : ours;
    const struct kex_offer *server = is_server ? ours : theirs;
    if (kex_is_first(ssh) && !read_markers(ssh, client, server))
        return true;
    struct slice client_list, server_list;
    const char *failed =
        kex_agree(ssh->options.role, client, server, &k->agreed, &client_list, &server_list);
    if (failed)
        return disagree(ssh, failed, client_list, server_list);
    if (is_refused(ssh, &k->agreed))
        return fail(ssh, "chacha20-poly1305 and -etm MACs require strict key exchange: use other "
                         "algorithms, or newer software");
    k->host_key = is_server ? key_for(ssh, k->agreed.host_key) : NULL;
    k->skip_guess = theirs->guess_follows && guess_is_wrong(client, server);
    kex_advance(ssh, AWAIT_KEX);
    kex_start(ssh);
    return true;
}
