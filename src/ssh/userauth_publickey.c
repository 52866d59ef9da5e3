/* publickey (RFC 4252 section 7, RFC 8332). The signature is verified before the owner hears of a
 * try: it only ever sees a key with proof when the proof is right. */
#include "base/mem.h"
#include "base/names.h"
#include "crypto/public_key.h"
#include "ssh/disconnect.h"
#include "ssh/ext_info.h"
#include "ssh/jobs.h"
#include "ssh/negotiate.h"
#include "ssh/transport.h"
#include "ssh/userauth_query.h"

struct key_request {
    bool has_signature;
    struct slice algorithm, blob, signature;
};

struct verify_job {
    struct ssh_job job;
    struct crypto *crypto;
    struct auth_query *query; /* asked when the signature is right: key and algorithm are in it */
    struct buf data;          /* what was signed */
    struct buf signature;
    bool right;
};

static bool parse_key_request(struct cursor *c, struct key_request *k)
{
    k->has_signature = get_bool(c);
    k->algorithm = get_string(c);
    k->blob = get_string(c);
    k->signature = (struct slice){NULL, 0};
    if (k->has_signature)
        k->signature = get_string(c);
    return cursor_done(c);
}

/* The row of an algorithm that is allowed and fits the key's own type; NULL when it is or does not.
 */
static const struct signature_algorithm *allowed_algorithm(const struct ssh *ssh,
                                                           const struct key_request *k)
{
    const struct signature_algorithm *row = signature_algorithm_find(k->algorithm);
    if (!row || !names_have(slice_of(transport_user_signature_algorithms(ssh)), k->algorithm))
        return NULL;
    struct cursor blob = cursor_of_slice(k->blob);
    struct slice type = get_string(&blob);
    return !blob.bad && slice_is(type, row->key_type) ? row : NULL;
}

static struct auth_query *key_query(struct ssh *ssh, const struct userauth_request *request,
                                    const struct key_request *k,
                                    const struct signature_algorithm *row)
{
    struct auth_query *q =
        auth_query_new(ssh, SALLY_AUTH_PUBLICKEY, request->user, 1, k->blob.size);
    if (!q)
        return NULL;
    sally_auth_request *pub = &q->login.pub;
    q->login.may_try = !k->has_signature;
    q->signature_algorithm = row->name;
    pub->key_algorithm = row->key_type;
    pub->key_blob = auth_query_text(q, k->blob);
    pub->key_blob_size = k->blob.size;
    pub->key_fingerprint = q->fingerprint;
    if (!public_key_fingerprint(ssh->options.crypto, k->blob, q->fingerprint)) {
        auth_query_free(q);
        transport_no_memory(ssh);
        return NULL;
    }
    return q;
}

static struct verify_job *verify_job_of(struct ssh_job *job)
{
    return CONTAINER_OF(job, struct verify_job, job);
}

static void verify_run(struct ssh_job *job)
{
    struct verify_job *v = verify_job_of(job);
    const sally_auth_request *pub = &v->query->login.pub;
    const struct slice blob = {pub->key_blob, pub->key_blob_size};
    struct public_key *key;
    if (public_key_parse(&key, v->crypto, blob) != SALLY_E_OK)
        return;
    v->right = public_key_verify(key, v->query->signature_algorithm, buf_slice(&v->signature),
                                 buf_slice(&v->data));
    public_key_free(key);
}

static void verify_done(struct ssh_job *job)
{
    struct verify_job *v = verify_job_of(job);
    struct ssh *ssh = job->ssh;
    if (ssh->state == AWAIT_AUTH) {
        if (v->right) {
            struct auth_query *q = v->query;
            v->query = NULL;
            auth_query_ask(ssh, q);
        } else {
            userauth_refuse(ssh, "a key that cannot be used, or a wrong signature");
        }
    }
    ssh_let_go(ssh); /* the query has its own hold */
}

static void verify_destroy(struct ssh_job *job)
{
    struct verify_job *v = verify_job_of(job);
    auth_query_free(v->query);
    crypto_unref(v->crypto);
    buf_clear(&v->data);
    buf_clear(&v->signature);
    mem_free(v);
}

/* RFC 4252 section 7: the session identifier, and the request up to the signature. */
static void put_signed_data(struct buf *b, const struct ssh *ssh,
                            const struct userauth_request *request, const struct key_request *k)
{
    put_slice(b, ssh_session_id(ssh));
    put_u8(b, SSH_MSG_USERAUTH_REQUEST);
    put_slice(b, request->user);
    put_slice(b, request->service);
    put_slice(b, request->method);
    put_bool(b, true);
    put_slice(b, k->algorithm);
    put_slice(b, k->blob);
}

static void verify(struct ssh *ssh, const struct userauth_request *request,
                   const struct key_request *k, struct auth_query *q)
{
    struct verify_job *v = mem_zalloc(sizeof *v);
    if (!v) {
        auth_query_free(q);
        transport_no_memory(ssh);
        return;
    }
    v->query = q;
    v->crypto = crypto_ref(ssh->options.crypto);
    buf_init(&v->data, SIZE_MAX / 2); /* as large as the packet that it came in */
    buf_init(&v->signature, SIZE_MAX / 2);
    put_signed_data(&v->data, ssh, request, k);
    put_bytes(&v->signature, k->signature.data, k->signature.size);
    if (v->data.failed || v->signature.failed) {
        verify_destroy(&v->job);
        transport_no_memory(ssh);
        return;
    }
    v->job.login = true;
    v->job.run = verify_run;
    v->job.done = verify_done;
    v->job.destroy = verify_destroy;
    ssh_hold(ssh);
    ssh_job_start(ssh, &v->job);
}

/* A query, too, only brings keys before the owner that are keys. */
static bool is_a_key(const struct ssh *ssh, struct slice blob)
{
    struct public_key *key;
    if (public_key_parse(&key, ssh->options.crypto, blob) != SALLY_E_OK)
        return false;
    public_key_free(key);
    return true;
}

bool userauth_publickey(struct ssh *ssh, const struct userauth_request *request, struct cursor *c)
{
    struct key_request k;
    if (!parse_key_request(c, &k))
        return false;
    const struct signature_algorithm *row = allowed_algorithm(ssh, &k);
    if (!row) {
        userauth_refuse(ssh, "a signature algorithm that is not allowed, or not the key's");
        return true;
    }
    if (!k.has_signature && !is_a_key(ssh, k.blob)) {
        userauth_refuse(ssh, "a key that cannot be used");
        return true;
    }
    struct auth_query *q = key_query(ssh, request, &k, row);
    if (!q)
        return true;
    if (k.has_signature)
        verify(ssh, request, &k, q);
    else
        auth_query_ask(ssh, q);
    return true;
}
