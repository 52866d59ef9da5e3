/* Computations that the owner may run elsewhere. */
#include "ssh/jobs.h"

#include "base/mem.h"
#include "ssh/transport.h"

void ssh_job_start(struct ssh *ssh, struct ssh_job *job)
{
    job->ssh = ssh;
    job->login = !ssh->transport->authenticated;
    list_init(&job->link);
    list_append(&ssh->transport->jobs, &job->all);
    if (ssh->events.job) {
        ssh->events.job(ssh->user_data, job);
        return;
    }
    ssh_job_run(job);
    ssh_job_done(job);
}

void ssh_job_run(struct ssh_job *job)
{
    job->run(job);
}

void ssh_job_done(struct ssh_job *job)
{
    struct ssh *ssh = job->ssh;
    if (ssh) {
        list_remove(&job->all);
        transport_enter(ssh);
        if (ssh->state != OVER)
            job->done(job);
    }
    job->destroy(job);
    if (ssh) {
        ssh->transport->run_wanted = true;
        transport_leave(ssh);
    }
}

struct list *ssh_job_link(struct ssh_job *job)
{
    return &job->link;
}

struct ssh_job *ssh_job_of_link(struct list *link)
{
    return CONTAINER_OF(link, struct ssh_job, link);
}

enum ssh_job_kind ssh_job_kind(const struct ssh_job *job)
{
    return job->kind;
}

bool ssh_job_is_login(const struct ssh_job *job)
{
    return job->login;
}

void jobs_tell_unsigned(struct ssh *ssh, const sally_key *key, sally_error error)
{
    const char *why = error == SALLY_E_KEY ? "its signature is wrong" : sally_strerror(error);
    sally_log_field fields[] = {{"key", sally_key_fingerprint(key)}, {"type", sally_key_type(key)}};
    log_line(ssh->options.log, ssh->options.log_ids, SALLY_LOG_ERROR, "ssh.host_key_failed", fields,
             COUNT_OF(fields), "The host key cannot sign: %s", why);
    if (ssh->events.host_key_failed)
        ssh->events.host_key_failed(ssh->user_data, key, error);
}

void jobs_abandon(struct ssh *ssh)
{
    LIST_EACH (item, &ssh->transport->jobs) {
        struct ssh_job *job = CONTAINER_OF(item, struct ssh_job, all);
        list_remove(&job->all);
        job->ssh = NULL;
    }
}
