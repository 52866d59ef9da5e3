/* Computations that the owner may run elsewhere. */
#ifndef SALLY_SSH_JOBS_H
#define SALLY_SSH_JOBS_H

#include "ssh/engine.h"

/* Fill in kind, run, done and destroy, then hand it out with ssh_job_start(). `done` is called on
 * the engine's thread, unless the connection is over or the engine gone; `destroy` always, last. */
struct ssh_job {
    struct list link; /* the owner's, while it has the job */
    struct list all;  /* the engine's jobs */
    struct ssh *ssh;  /* NULL once the engine is gone */
    enum ssh_job_kind kind;
    bool login;
    /* Any thread: touches only what the job itself owns or holds. */
    void (*run)(struct ssh_job *job);
    void (*done)(struct ssh_job *job);
    void (*destroy)(struct ssh_job *job); /* frees the job */
};

void ssh_job_start(struct ssh *ssh, struct ssh_job *job);
/* Tells log and owner that a host key could not sign. */
void jobs_tell_unsigned(struct ssh *ssh, const sally_key *key, sally_error error);
/* The engine is being freed: jobs that are out are no longer delivered. */
void jobs_abandon(struct ssh *ssh);

#endif
