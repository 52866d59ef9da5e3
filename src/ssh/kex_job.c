/* The expensive part of a key exchange (milliseconds), as one job: the shared secret, the exchange
 * hash, the signature or its verification. */
#include "ssh/kex_job.h"

#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/hash.h"
#include "crypto/public_key.h"
#include "ssh/disconnect.h"
#include "ssh/jobs.h"
#include "ssh/kex.h"
#include "ssh/kexinit.h"
#include "ssh/transport.h"

#define VALUE_MAX      4096u /* a public value or a secret */
#define TRANSCRIPT_MAX (256u * 1024)

struct kex_job {
    struct ssh_job base;
    struct crypto *crypto;
    struct random_source random;
    const struct kex_method *method;
    const struct signature_algorithm *algorithm;
    struct buf group_p;
    struct kex_group group;
    bool has_group;
    uint32_t min, wanted, max;
    sally_key *key;                  /* server */
    struct kex_ephemeral *ephemeral; /* client */
    struct buf transcript;           /* input of the exchange hash */
    struct buf host_key_blob, peer, ours, secret, signature;
    uint8_t hash[HASH_MAX_SIZE];
    sally_error error;
    bool key_failed; /* the error is the host key's */
};

/* RFC 4253 section 8, RFC 5656 section 4, RFC 4419 section 3; the four first strings are in the
 * transcript already. */
static bool make_hash(struct kex_job *j)
{
    struct buf *b = &j->transcript;
    put_slice(b, buf_slice(&j->host_key_blob));
    if (j->has_group) {
        uint8_t generator[4];
        wire_put_u32(generator, j->group.generator);
        put_u32(b, j->min);
        put_u32(b, j->wanted);
        put_u32(b, j->max);
        put_mpint(b, j->group.p, j->group.p_size);
        put_mpint(b, generator, sizeof generator);
    }
    const struct buf *client = j->key ? &j->peer : &j->ours;
    const struct buf *server = j->key ? &j->ours : &j->peer;
    kex_put_public(b, j->method, buf_slice(client));
    kex_put_public(b, j->method, buf_slice(server));
    if (j->method->secret_is_string)
        put_slice(b, buf_slice(&j->secret));
    else
        put_mpint(b, buf_head(&j->secret), j->secret.size);
    return !b->failed && hash_once(j->crypto, j->method->hash, buf_head(b), b->size, j->hash);
}

static struct slice hash_of(const struct kex_job *j)
{
    struct slice s = {j->hash, hash_size(j->method->hash)};
    return s;
}

static sally_error respond(struct kex_job *j)
{
    sally_error error = kex_respond(j->crypto, j->method, j->has_group ? &j->group : NULL,
                                    &j->random, buf_slice(&j->peer), &j->ours, &j->secret);
    if (error)
        return error;
    if (!make_hash(j))
        return SALLY_E_CRYPTO;
    error = key_sign(j->key, j->algorithm->name, hash_of(j), &j->signature);
    j->key_failed = error != SALLY_E_OK;
    return error;
}

static sally_error finish(struct kex_job *j)
{
    struct public_key *key = NULL;
    sally_error error = kex_finish(j->ephemeral, buf_slice(&j->peer), &j->secret);
    if (error)
        return error;
    if (!make_hash(j))
        return SALLY_E_CRYPTO;
    if (public_key_parse(&key, j->crypto, buf_slice(&j->host_key_blob)))
        return SALLY_E_KEY;
    bool right = strcmp(public_key_type(key), j->algorithm->key_type) == 0 &&
                 public_key_verify(key, j->algorithm->name, buf_slice(&j->signature), hash_of(j));
    public_key_free(key);
    return right ? SALLY_E_OK : SALLY_E_KEY;
}

static void run(struct ssh_job *job)
{
    struct kex_job *j = CONTAINER_OF(job, struct kex_job, base);
    j->error = j->key ? respond(j) : finish(j);
}

static void done(struct ssh_job *job)
{
    struct kex_job *j = CONTAINER_OF(job, struct kex_job, base);
    const struct kex_outcome outcome = {
        .error = j->error,
        .unsigned_by = j->key_failed ? j->key : NULL,
        .host_key_blob = buf_slice(&j->host_key_blob),
        .ours = buf_slice(&j->ours),
        .secret = buf_slice(&j->secret),
        .hash = hash_of(j),
        .signature = buf_slice(&j->signature),
    };
    ssh_resume_input(job->ssh);
    kex_done(job->ssh, &outcome);
}

static void destroy(struct ssh_job *job)
{
    struct kex_job *j = CONTAINER_OF(job, struct kex_job, base);
    buf_clear(&j->group_p);
    buf_clear(&j->transcript);
    buf_clear(&j->host_key_blob);
    buf_clear(&j->peer);
    buf_clear(&j->ours);
    buf_clear(&j->secret);
    buf_clear(&j->signature);
    kex_ephemeral_free(j->ephemeral);
    sally_key_unref(j->key);
    crypto_unref(j->crypto);
    mem_wipe_free(j, sizeof *j);
}

static void copy(struct buf *to, size_t max, struct slice from)
{
    buf_init(to, max);
    put_bytes(to, from.data, from.size);
}

static void put_identifications(struct kex_job *j, const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    bool is_server = ssh->options.role == SSH_SERVER;
    const struct identification *client = is_server ? &t->theirs : &t->ours;
    const struct identification *server = is_server ? &t->ours : &t->theirs;
    put_string(&j->transcript, client->line, client->size);
    put_string(&j->transcript, server->line, server->size);
    put_slice(&j->transcript, buf_slice(is_server ? &t->kex->peer_init : &t->kex->our_init));
    put_slice(&j->transcript, buf_slice(is_server ? &t->kex->our_init : &t->kex->peer_init));
}

void kex_job_start(struct ssh *ssh, struct slice host_key_blob, struct slice peer,
                   struct slice signature)
{
    struct kex *k = ssh->transport->kex;
    struct kex_job *j = mem_zalloc(sizeof *j);
    if (!j) {
        transport_no_memory(ssh);
        return;
    }
    bool is_cheap = k->agreed.kex->family == KEX_ECDH &&
                    (ssh->options.role == SSH_CLIENT || !key_may_block(k->host_key));
    j->base.kind = is_cheap ? SSH_JOB_KEX : SSH_JOB_COSTLY_KEX;
    j->base.run = run;
    j->base.done = done;
    j->base.destroy = destroy;
    j->crypto = crypto_ref(ssh->options.crypto);
    j->random = ssh->options.random;
    j->method = k->agreed.kex;
    j->algorithm = k->agreed.host_key;
    struct slice no_group = {NULL, 0}, group_p = no_group;
    if (k->group) {
        group_p.data = k->group->p;
        group_p.size = k->group->p_size;
    }
    copy(&j->group_p, VALUE_MAX, group_p);
    if (k->group) {
        j->has_group = true;
        j->group = *k->group;
        j->group.p = buf_head(&j->group_p);
        j->min = k->min;
        j->wanted = k->wanted;
        j->max = k->max;
    }
    copy(&j->host_key_blob, KEXINIT_MAX, host_key_blob);
    copy(&j->peer, VALUE_MAX, peer);
    copy(&j->ours, VALUE_MAX, buf_slice(&k->ours));
    copy(&j->signature, KEXINIT_MAX, signature);
    buf_init_secret(&j->secret, VALUE_MAX);
    buf_init_secret(&j->transcript, TRANSCRIPT_MAX);
    put_identifications(j, ssh);
    if (ssh->options.role == SSH_SERVER)
        j->key = sally_key_ref(k->host_key);
    j->ephemeral = k->ephemeral;
    k->ephemeral = NULL;
    if (j->peer.failed) {
        transport_end(ssh, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, SSH_END_PROTOCOL,
                      "an unacceptable public value");
        destroy(&j->base);
        return;
    }
    if (j->group_p.failed || j->host_key_blob.failed || j->ours.failed || j->signature.failed ||
        j->transcript.failed) {
        transport_no_memory(ssh);
        destroy(&j->base);
        return;
    }
    ssh_pause_input(ssh);
    ssh_job_start(ssh, &j->base);
}
