#include "server/ssh/jobs.h"

#include "base/mem.h"
#include "loop/workers.h"
#include "server/server.h"

struct job {
    struct task task;
    struct conn *conn;   /* pinned */
    struct usage *usage; /* held: whose share the task waits in; NULL: none */
    struct ssh_job *job;
    uint64_t took_ns; /* 0: dropped */
};

/* Those that a loop may do itself. */
static bool is_cheap(const struct ssh_job *job)
{
    return ssh_job_kind(job) != SSH_JOB_COSTLY_KEX;
}

static bool run_job(struct task *task)
{
    struct job *j = CONTAINER_OF(task, struct job, task);
    if (conn_is_ended(j->conn)) /* the engine, which could use the result, is gone */
        return true;
    uint64_t start = loop_now_ns();
    ssh_job_run(j->job);
    j->took_ns = loop_now_ns() - start;
    return true;
}

static void finish_job(struct task *task)
{
    struct job *j = CONTAINER_OF(task, struct job, task);
    struct conn *c = j->conn;
    if (j->took_ns && is_cheap(j->job))
        inline_budget_note(&c->loop->loop.inline_budget, j->took_ns, false);
    ssh_job_done(j->job);
    usage_unref(j->usage);
    mem_free(j);
    if (!conn_is_ended(c))
        conn_make_ready(c);
    conn_unpin(c);
}

static void give(struct job *j)
{
    static const enum work kinds[] = {[SSH_JOB_KEX] = WORK_KEX,
                                      [SSH_JOB_COSTLY_KEX] = WORK_COSTLY_KEX,
                                      [SSH_JOB_PROOF] = WORK_KEYS};
    struct conn *c = j->conn;
    struct share *share = NULL;
    enum work kind = WORK_TASKS;
    if (ssh_job_is_login(j->job)) {
        kind = kinds[ssh_job_kind(j->job)];
        j->usage = address_usage_share(c->address_usage, kind, &share);
    } else if (c->login.usage) {
        j->usage = usage_ref(&c->login.usage->usage);
        share = &c->login.usage->tasks;
    }
    workers_give_task(c->server->workers, kind, share, &j->task);
}

void job_accept(struct ssh_line *line, struct ssh_job *job)
{
    struct conn *c = line->conn;
    struct workers *workers = c->server->workers;
    bool is_quick = is_cheap(job) && inline_budget_allows(&c->loop->loop.inline_budget);
    struct job *j = workers && !is_quick ? mem_zalloc(sizeof *j) : NULL;
    if (!j) {
        list_append(&line->inline_jobs, ssh_job_link(job));
        line->engine_pending = true;
        return;
    }
    j->conn = c;
    j->job = job;
    j->task = (struct task){.loop = &c->loop->loop, .run = run_job, .home = finish_job};
    list_init(&j->task.link);
    conn_pin(c);
    give(j);
}

void jobs_run_inline(struct ssh_line *line)
{
    struct list *item;
    while ((item = list_pop_first(&line->inline_jobs)) != NULL) {
        struct ssh_job *job = ssh_job_of_link(item);
        uint64_t start = loop_now_ns();
        ssh_job_run(job);
        inline_budget_note(&line->conn->loop->loop.inline_budget, loop_now_ns() - start, true);
        ssh_job_done(job);
        line->engine_pending = true;
    }
}

void jobs_discard(struct ssh_line *line)
{
    struct list *item;
    while ((item = list_pop_first(&line->inline_jobs)) != NULL)
        ssh_job_done(ssh_job_of_link(item));
}
