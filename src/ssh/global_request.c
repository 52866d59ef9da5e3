/* Global requests (RFC 4254 section 4): keepalives both ways, host keys
 * (draft-ietf-sshm-hostkey-update); everything else is refused. */
#include "ssh/global_request.h"

#include "base/mem.h"
#include "crypto/public_key.h"
#include "ssh/connection.h"
#include "ssh/disconnect.h"
#include "ssh/jobs.h"
#include "ssh/quirks.h"
#include "ssh/send.h"
#include "ssh/timers.h"
#include "ssh/transport.h"

#define HOSTKEYS       "hostkeys-00@openssh.com"
#define HOSTKEYS_PROVE "hostkeys-prove-00@openssh.com"

static void send_failure(struct ssh *ssh)
{
    ssh_message(ssh, SSH_MSG_REQUEST_FAILURE);
    ssh_message_send(ssh);
}

void connection_send_keepalive(struct ssh *ssh)
{
    if (ssh->state != READY)
        return;
    struct buf *m = ssh_message(ssh, SSH_MSG_GLOBAL_REQUEST);
    put_text(m, "keepalive@openssh.com");
    put_bool(m, true);
    ssh->connection->keepalives_awaited++;
    ssh_message_send(ssh);
}

/* Either answer shows that the peer is alive. Only keepalives want replies; extra replies are
 * ignored. */
static bool on_reply(struct ssh *ssh)
{
    if (ssh->connection->keepalives_awaited) {
        ssh->connection->keepalives_awaited--;
        transport_keepalive_answered(ssh);
    }
    return true;
}

bool on_request_success(struct ssh *ssh, struct cursor *c)
{
    (void)c; /* may hold an answer to something else */
    return on_reply(ssh);
}

bool on_request_failure(struct ssh *ssh, struct cursor *c)
{
    return cursor_done(c) && on_reply(ssh);
}

/* ---- Host keys ---- */

void connection_login_done(struct ssh *ssh)
{
    if (ssh->options.role != SSH_SERVER || ssh->options.host_key_count == 0 ||
        ssh->transport->peer_quirks & SSH_QUIRK_NO_HOSTKEYS)
        return;
    struct buf *m = ssh_message(ssh, SSH_MSG_GLOBAL_REQUEST);
    put_text(m, HOSTKEYS);
    put_bool(m, false);
    for (size_t i = 0; i < ssh->options.host_key_count; i++)
        put_slice(m, key_blob(ssh->options.host_keys[i]));
    ssh_message_send(ssh);
}

/* One key to prove, and the signature when it was made. */
struct proof {
    sally_key *key;
    struct buf data, signature;
};

struct prove_job {
    struct ssh_job job;
    const char *rsa_algorithm;
    sally_error error; /* of the last proof that was tried */
    size_t tried;
    size_t count;
    struct proof proofs[];
};

static struct prove_job *prove_job_of(struct ssh_job *job)
{
    return CONTAINER_OF(job, struct prove_job, job);
}

static void prove_run(struct ssh_job *job)
{
    struct prove_job *p = prove_job_of(job);
    for (; p->tried < p->count && !p->error; p->tried++) {
        struct proof *proof = &p->proofs[p->tried];
        const char *type = sally_key_type(proof->key);
        const char *algorithm = strcmp(type, "ssh-rsa") == 0 ? p->rsa_algorithm : type;
        p->error = key_sign(proof->key, algorithm, buf_slice(&proof->data), &proof->signature);
    }
}

static void prove_done(struct ssh_job *job)
{
    struct prove_job *p = prove_job_of(job);
    struct ssh *ssh = job->ssh;
    if (ssh->state == READY) {
        if (p->error) {
            jobs_tell_unsigned(ssh, p->proofs[p->tried - 1].key, p->error);
            send_failure(ssh);
        } else {
            struct buf *m = ssh_message(ssh, SSH_MSG_REQUEST_SUCCESS);
            for (size_t i = 0; i < p->count; i++)
                put_slice(m, buf_slice(&p->proofs[i].signature));
            ssh_message_send(ssh);
        }
    }
    ssh_resume_input(ssh);
}

static void prove_destroy(struct ssh_job *job)
{
    struct prove_job *p = prove_job_of(job);
    for (size_t i = 0; i < p->count; i++) {
        sally_key_unref(p->proofs[i].key);
        buf_clear(&p->proofs[i].data);
        buf_clear(&p->proofs[i].signature);
    }
    mem_free(p);
}

/* Section 2.2.1 of the draft: RSA keys sign with the algorithm negotiated for the host key, if that
 * was RSA; not with SHA-1. NULL: none. */
static const char *rsa_algorithm(const struct ssh *ssh)
{
    const char *space = strchr(ssh_algorithms(ssh), ' ');
    const char *name = space ? space + 1 : "";
    struct slice agreed = {(const uint8_t *)name, strcspn(name, " ")};
    if (slice_is(agreed, "ssh-rsa"))
        return NULL;
    return slice_is(agreed, "rsa-sha2-256") ? "rsa-sha2-256" : "rsa-sha2-512";
}

static sally_key *host_key_of(const struct ssh *ssh, struct slice blob)
{
    for (size_t i = 0; i < ssh->options.host_key_count; i++) {
        if (slice_equal(key_blob(ssh->options.host_keys[i]), blob))
            return ssh->options.host_keys[i];
    }
    return NULL;
}

static bool has_key(const struct prove_job *p, const sally_key *key)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->proofs[i].key == key)
            return true;
    }
    return false;
}

/* Adds a key if it is ours, allowed, and not in the list yet, which also limits their number. */
static bool add_proof(struct prove_job *p, const struct ssh *ssh, struct slice blob)
{
    sally_key *key = host_key_of(ssh, blob);
    if (!key || has_key(p, key) ||
        (!p->rsa_algorithm && strcmp(sally_key_type(key), "ssh-rsa") == 0))
        return false;
    struct proof *proof = &p->proofs[p->count++];
    proof->key = sally_key_ref(key);
    if (key_may_block(key))
        p->job.kind = SSH_JOB_COSTLY_KEX;
    buf_init(&proof->data, SIZE_MAX / 2);
    buf_init(&proof->signature, SIZE_MAX / 2);
    put_text(&proof->data, HOSTKEYS_PROVE);
    put_slice(&proof->data, ssh_session_id(ssh));
    put_slice(&proof->data, blob);
    return !proof->data.failed;
}

/* False: malformed. */
static bool on_prove(struct ssh *ssh, struct cursor *c)
{
    size_t room = ssh->options.host_key_count;
    if (ssh->connection->proofs >= PROOFS_MAX) {
        send_failure(ssh);
        return true;
    }
    struct prove_job *p = mem_zalloc(sizeof *p + room * sizeof p->proofs[0]);
    if (!p) {
        transport_no_memory(ssh);
        return true;
    }
    p->job.run = prove_run;
    p->job.done = prove_done;
    p->job.destroy = prove_destroy;
    p->rsa_algorithm = rsa_algorithm(ssh);
    bool ok = true;
    while (ok && !c->bad && !cursor_done(c)) {
        struct slice blob = get_string(c);
        ok = !c->bad && add_proof(p, ssh, blob);
    }
    if (ok && p->count) {
        ssh->connection->proofs++;
        ssh_pause_input(ssh);
        ssh_job_start(ssh, &p->job);
        return true;
    }
    prove_destroy(&p->job);
    if (c->bad)
        return false;
    send_failure(ssh);
    return true;
}

/* ---- The peer's requests ---- */

bool on_global_request(struct ssh *ssh, struct cursor *c)
{
    struct slice name = get_string(c);
    bool wants_reply = get_bool(c);
    if (c->bad)
        return false;
    bool server = ssh->options.role == SSH_SERVER;
    if (server && wants_reply && slice_is(name, HOSTKEYS_PROVE))
        return on_prove(ssh, c);
    bool ok = false;
    if (server && slice_is(name, "no-more-sessions@openssh.com")) {
        ssh->connection->no_more_sessions = true;
        ok = true;
    }
    if (!wants_reply)
        return true;
    if (!ok) {
        send_failure(ssh); /* also how a keepalive is answered */
    } else {
        ssh_message(ssh, SSH_MSG_REQUEST_SUCCESS);
        ssh_message_send(ssh);
    }
    return true;
}
