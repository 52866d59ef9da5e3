/* Computations that the owner carries to wherever it likes and back. */
#ifndef SALLY_SSH_JOBS_H
#define SALLY_SSH_JOBS_H

#include "ssh/engine.h"

/* Fill run, done and destroy, then give it out with ssh_job_start(). `done` is called on the
 * engine's thread, unless the connection is over or the engine gone; `destroy` always, last. */
struct ssh_job {
    struct list link; /* the owner's while it is out */
    struct list all;  /* the engine's jobs */
    struct ssh *ssh;  /* NULL once the engine is gone */
    bool login;
    /* Any thread: touches only what the job itself owns or holds. */
    void (*run)(struct ssh_job *job);
    void (*done)(struct ssh_job *job);
    void (*destroy)(struct ssh_job *job); /* frees the job */
};

void ssh_job_start(struct ssh *ssh, struct ssh_job *job);
/* The engine goes: jobs that are out come back to nobody. */
void jobs_abandon(struct ssh *ssh);

#endif
