/* New keys: deriving them (RFC 4253 section 7.2), and taking them into use with NEWKEYS
 * (section 7.3), each direction for itself. */
#include "ssh/newkeys.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "ssh/client_login.h"
#include "ssh/compress.h"
#include "ssh/disconnect.h"
#include "ssh/ext_info.h"
#include "ssh/kex.h"
#include "ssh/send.h"
#include "ssh/transport.h"

#define SECRET_MAX 4096u

struct secrets {
    struct crypto *crypto;
    enum hash_id hash_id;
    struct slice k; /* K as it is hashed: with its length */
    struct slice h;
    struct slice session_id;
};

/* K1 = HASH(K || H || letter || session_id), K2 = HASH(K || H || K1), K3 = HASH(K || H || K1 ||
 * K2), ... */
static bool derive(const struct secrets *s, char letter, uint8_t *out, size_t size)
{
    uint8_t key[HASH_MAX_SIZE + CIPHER_KEY_MAX + MAC_KEY_MAX];
    size_t step = hash_size(s->hash_id), have = 0;
    struct hash *h = hash_new(s->crypto, s->hash_id);
    bool ok = h != NULL;
    while (ok && have < size) {
        hash_update(h, s->k.data, s->k.size);
        hash_update(h, s->h.data, s->h.size);
        if (have == 0) {
            hash_update(h, &letter, 1);
            hash_update(h, s->session_id.data, s->session_id.size);
        } else {
            hash_update(h, key, have);
        }
        ok = hash_final(h, key + have);
        have += step;
    }
    hash_free(h);
    if (ok && size)
        memcpy(out, key, size);
    mem_wipe(key, sizeof key);
    return ok;
}

/* One direction's object. The letters are for the client to server way; those of the other one
 * follow each. */
static struct packet_cipher *make_cipher(const struct secrets *s, const struct agreed_direction *d,
                                         bool seal, bool to_server)
{
    uint8_t iv[CIPHER_IV_MAX], key[CIPHER_KEY_MAX], mac_key[MAC_KEY_MAX];
    struct packet_cipher *cipher = NULL;
    char next = to_server ? 0 : 1;
    if (derive(s, (char)('A' + next), iv, d->cipher->iv_size) &&
        derive(s, (char)('C' + next), key, d->cipher->key_size) &&
        derive(s, (char)('E' + next), mac_key, d->mac ? d->mac->key_size : 0) &&
        packet_cipher_new(&cipher, s->crypto, seal, d->cipher, d->mac, key, iv, mac_key))
        cipher = NULL;
    mem_wipe(iv, sizeof iv);
    mem_wipe(key, sizeof key);
    mem_wipe(mac_key, sizeof mac_key);
    return cipher;
}

static bool install(struct ssh *ssh, struct direction *d, struct packet_cipher *cipher,
                    const struct agreed_direction *agreed)
{
    struct transport *t = ssh->transport;
    packet_cipher_free(d->cipher);
    d->cipher = cipher;
    d->info = agreed->cipher;
    d->packets = d->bytes = 0;
    if (t->strict)
        d->sequence = 0;
    /* Section 6.2: the streams begin anew with every key exchange. */
    compressor_free(d->compressor);
    d->compressor = NULL;
    d->compression = agreed->compression;
    if (!t->compression_started || (d == &t->in ? compress_start_in(t) : compress_start_out(t)))
        return true;
    transport_no_memory(ssh);
    return false;
}

static bool make_keys(struct ssh *ssh, struct slice secret, struct slice hash,
                      struct packet_cipher **out)
{
    struct transport *t = ssh->transport;
    struct kex *k = t->kex;
    bool is_server = ssh->options.role == SSH_SERVER;
    struct buf encoded;
    buf_init_secret(&encoded, SECRET_MAX + 8);
    if (k->agreed.kex->secret_is_string)
        put_slice(&encoded, secret);
    else
        put_mpint(&encoded, secret.data, secret.size);
    const struct secrets s = {
        .crypto = ssh->options.crypto,
        .hash_id = k->agreed.kex->hash,
        .k = buf_slice(&encoded),
        .h = hash,
        .session_id = ssh_session_id(ssh),
    };
    *out = NULL;
    if (!encoded.failed) {
        *out = make_cipher(&s, &k->agreed.out, true, !is_server);
        k->next_in = make_cipher(&s, &k->agreed.in, false, is_server);
    }
    buf_clear(&encoded);
    if (*out && k->next_in)
        return true;
    packet_cipher_free(*out);
    return false;
}

bool newkeys_send(struct ssh *ssh, struct slice secret, struct slice hash)
{
    struct transport *t = ssh->transport;
    struct packet_cipher *next_out;
    if (kex_is_first(ssh)) {
        memcpy(t->session_id, hash.data, hash.size);
        t->session_id_size = hash.size;
    }
    if (!make_keys(ssh, secret, hash, &next_out)) {
        transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_INTERNAL,
                      "cannot derive the new keys");
        return false;
    }
    ssh_message(ssh, SSH_MSG_NEWKEYS);
    ssh_message_send(ssh);
    if (ssh->state == OVER) {
        packet_cipher_free(next_out);
        return false;
    }
    kex_advance(ssh, AWAIT_NEWKEYS);
    if (!install(ssh, &t->out, next_out, &t->kex->agreed.out))
        return false;
    if (kex_is_first(ssh))
        ext_info_send(ssh); /* RFC 8308 section 2.4: as the next packet, or never */
    send_waiting(ssh);
    return true;
}

static const char *mac_name(const struct agreed_direction *d)
{
    return d->mac ? d->mac->name : "implicit";
}

/* One name if both directions have the same, otherwise the one that compresses, and its
 * direction. */
static void put_compression(struct buf *text, const struct agreement *a)
{
    const char *in = a->in.compression->name, *out = a->out.compression->name;
    if (a->in.compression == a->out.compression)
        put_format(text, "%s", in);
    else if (a->in.compression->deflates)
        put_format(text, "%s-in", in);
    else
        put_format(text, "%s-out", out);
}

static void describe(struct transport *t, const struct agreement *a)
{
    struct buf text;
    buf_init(&text, 1024);
    put_format(&text, "%s %s %s %s %s %s ", a->kex->name, a->host_key->name, a->in.cipher->name,
               mac_name(&a->in), a->out.cipher->name, mac_name(&a->out));
    put_compression(&text, a);
    char *copy = text.failed ? NULL : slice_strdup(buf_slice(&text));
    buf_clear(&text);
    if (!copy)
        return; /* keep the previous text */
    mem_free(t->algorithms);
    t->algorithms = copy;
}

bool on_newkeys(struct ssh *ssh, struct cursor *payload)
{
    struct transport *t = ssh->transport;
    struct kex *k = t->kex;
    bool first = kex_is_first(ssh);
    if (!cursor_done(payload))
        return false;
    struct packet_cipher *next = k->next_in;
    k->next_in = NULL;
    if (!install(ssh, &t->in, next, &k->agreed.in))
        return true;
    t->agreed = k->agreed;
    describe(t, &k->agreed);
    kex_complete(ssh);
    transport_log(ssh, first ? SALLY_LOG_INFO : SALLY_LOG_VERBOSE,
                  first ? "ssh.keys_exchanged" : "ssh.rekeyed", "Key exchange complete: %s",
                  ssh_algorithms(ssh));
    if (ssh->events.keys_exchanged)
        ssh->events.keys_exchanged(ssh->user_data, first, ssh_algorithms(ssh));
    if (first && ssh->state != OVER && ssh->options.role == SSH_CLIENT)
        userauth_transport_ready(ssh);
    return true;
}
