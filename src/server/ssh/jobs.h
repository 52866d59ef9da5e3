/* Computations of the SSH engine that take long: done at once while they are short and few, else by
 * workers. */
#ifndef SALLY_SERVER_SSH_JOBS_H
#define SALLY_SERVER_SSH_JOBS_H

#include "server/ssh/line.h"

/* The engine's event. */
void job_accept(struct ssh_line *line, struct ssh_job *job);
/* Those that were not given to workers; not from inside an event. */
void jobs_run_inline(struct ssh_line *line);
/* The engine is gone: they are given back undone. */
void jobs_discard(struct ssh_line *line);

#endif
