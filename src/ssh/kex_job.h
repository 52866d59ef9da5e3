/* The expensive part of a key exchange (milliseconds), as one job. */
#ifndef SALLY_SSH_KEX_JOB_H
#define SALLY_SSH_KEX_JOB_H

#include "ssh/engine.h"

struct kex_outcome {
    sally_error error;
    const sally_key *unsigned_by; /* server: the host key that `error` comes from; NULL: none */
    struct slice host_key_blob, ours, secret, hash, signature;
};

/* Ends in kex_done(). `peer` is the peer's public value; client: with the server's key and
 * signature. */
void kex_job_start(struct ssh *ssh, struct slice host_key_blob, struct slice peer,
                   struct slice signature);

#endif
