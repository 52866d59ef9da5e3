/* The SSH engine's expensive computations: done at once while they are short and few, otherwise by
 * workers. */
#ifndef SALLY_SERVER_SSH_JOBS_H
#define SALLY_SERVER_SSH_JOBS_H

#include "server/ssh/line.h"

/* The engine's event. */
void job_accept(struct ssh_line *line, struct ssh_job *job);
/* Runs the jobs that were not given to workers. Not from inside an event. */
void jobs_run_inline(struct ssh_line *line);
/* The engine is gone: returns the jobs without running them. */
void jobs_discard(struct ssh_line *line);

#endif
