/* publickey (RFC 4252 section 7, RFC 8332). Verifying a signature costs time, so the owner is first
 * asked whether the key may be tried at all, unless the client has already asked that. Then the
 * signature is verified, and only then the owner is asked whether the user may log in, so it never
 * sees a key with an invalid signature. An owner that allows the key on another thread may have the
 * signature verified there, and continue. */
#include <string.h>

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
    struct auth_query *query; /* submitted once the signature is verified, and holds all it takes */
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

/* Whether the algorithm is allowed, and fits the key's own type. */
static bool is_allowed(const struct ssh *ssh, const struct key_request *k)
{
    const struct signature_algorithm *row = signature_algorithm_find(k->algorithm);
    if (!row || !names_have(slice_of(transport_user_signature_algorithms(ssh)), k->algorithm))
        return false;
    struct cursor blob = cursor_of_slice(k->blob);
    struct slice type = get_string(&blob);
    return !blob.bad && slice_is(type, row->key_type);
}

static void prove(struct ssh *ssh, struct auth_query *q);

/* RFC 4252 section 7: the session identifier, and the request up to the signature. */
static void put_signed_data(struct buf *b, const struct ssh *ssh, const struct auth_query *q)
{
    const sally_auth_request *pub = &q->login.pub;
    put_slice(b, ssh_session_id(ssh));
    put_u8(b, SSH_MSG_USERAUTH_REQUEST);
    put_text(b, pub->user);
    put_text(b, AUTH_SERVICE);
    put_text(b, "publickey");
    put_bool(b, true);
    put_text(b, q->login.pub.signature_algorithm);
    put_string(b, pub->key_blob, pub->key_blob_size);
}

static struct auth_query *key_query(struct ssh *ssh, const struct userauth_request *request,
                                    const struct key_request *k)
{
    struct cursor blob = cursor_of_slice(k->blob);
    struct slice type = get_string(&blob);
    if (blob.bad || slice_has_nul(type))
        type.size = 0; /* of one that is refused */
    struct auth_query *q =
        auth_query_new(ssh, SALLY_AUTH_PUBLICKEY, request->user, 4,
                       k->blob.size + k->signature.size + type.size + k->algorithm.size);
    if (!q)
        return NULL;
    sally_auth_request *pub = &q->login.pub;
    q->login.may_try = true;
    pub->signature_algorithm = auth_query_text(q, k->algorithm);
    pub->key_type = auth_query_text(q, type);
    pub->key_blob = auth_query_text(q, k->blob);
    pub->key_blob_size = k->blob.size;
    pub->key_fingerprint = q->fingerprint;
    if (k->has_signature) {
        q->login.is_signed = true;
        q->signature =
            (struct slice){(const uint8_t *)auth_query_text(q, k->signature), k->signature.size};
        q->prove = prove;
        buf_init(&q->signed_data, SIZE_MAX / 2); /* as large as the packet that it came in */
        put_signed_data(&q->signed_data, ssh, q);
    }
    if (q->signed_data.failed ||
        !public_key_fingerprint(ssh->options.crypto, k->blob, q->fingerprint)) {
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
    v->right = auth_query_is_proved(v->query);
}

static void verify_done(struct ssh_job *job)
{
    struct verify_job *v = verify_job_of(job);
    struct ssh *ssh = job->ssh;
    if (ssh->state == AWAIT_AUTH) {
        if (v->right) {
            struct auth_query *q = v->query;
            v->query = NULL;
            q->login.may_try = false;
            auth_query_ask(ssh, q);
        } else {
            struct auth_query *q = v->query;
            v->query = NULL;
            auth_query_refuse(ssh, q, WRONG_SIGNATURE);
        }
    }
    ssh_resume_input(ssh); /* the query holds its own reference */
}

static void verify_destroy(struct ssh_job *job)
{
    struct verify_job *v = verify_job_of(job);
    auth_query_free(v->query);
    mem_free(v);
}

static void prove(struct ssh *ssh, struct auth_query *q)
{
    struct verify_job *v = mem_zalloc(sizeof *v);
    if (!v) {
        auth_query_free(q);
        transport_no_memory(ssh);
        return;
    }
    v->query = q;
    v->job.kind = SSH_JOB_PROOF;
    v->job.run = verify_run;
    v->job.done = verify_done;
    v->job.destroy = verify_destroy;
    ssh_pause_input(ssh);
    ssh_job_start(ssh, &v->job);
}

/* Why the key cannot be used; NULL: *key is set. */
static const char *usable_key(const struct ssh *ssh, const struct key_request *k,
                              struct public_key **key)
{
    if (!is_allowed(ssh, k))
        return "a signature algorithm that is disabled, or does not fit the key";
    /* Queries, too, pass only valid keys on to the owner. */
    if (public_key_parse(key, ssh->options.crypto, k->blob) != SALLY_E_OK)
        return "an unusable key";
    return NULL;
}

bool userauth_publickey(struct ssh *ssh, const struct userauth_request *request, struct cursor *c)
{
    struct key_request k;
    if (!parse_key_request(c, &k))
        return false;
    struct auth_query *q = key_query(ssh, request, &k);
    if (!q)
        return true;
    const char *obstacle = usable_key(ssh, &k, &q->key);
    if (obstacle)
        auth_query_refuse(ssh, q, obstacle);
    else if (k.has_signature && strcmp(ssh->userauth->allowed_key, q->fingerprint) == 0)
        prove(ssh, q);
    else
        auth_query_ask(ssh, q);
    return true;
}
