#include "server/ssh/jobs.h"

#include "base/mem.h"
#include "loop/workers.h"
#include "server/server.h"

struct job {
    struct task task;
    struct conn *conn;
    struct ssh_job *job;
    uint64_t took_ns;
};

static bool run_job(struct task *task)
{
    struct job *j = CONTAINER_OF(task, struct job, task);
    uint64_t start = loop_now_ns();
    ssh_job_run(j->job);
    j->took_ns = loop_now_ns() - start;
    return true;
}

static void finish_job(struct task *task)
{
    struct job *j = CONTAINER_OF(task, struct job, task);
    struct conn *c = j->conn;
    budget_note(&c->loop->loop.budget, j->took_ns, false);
    ssh_job_done(j->job);
    mem_free(j);
    if (!conn_is_ended(c))
        conn_make_ready(c);
    conn_unpin(c);
}

void job_accept(struct ssh_line *line, struct ssh_job *job)
{
    struct conn *c = line->conn;
    struct workers *workers = c->server->workers;
    bool is_quick = budget_allows(&c->loop->loop.budget);
    struct job *j = workers && !is_quick ? mem_zalloc(sizeof *j) : NULL;
    if (!j) {
        list_append(&line->inline_jobs, ssh_job_link(job));
        line->has_news = true;
        return;
    }
    j->conn = c;
    j->job = job;
    j->task = (struct task){.loop = &c->loop->loop, .run = run_job, .home = finish_job};
    list_init(&j->task.link);
    conn_pin(c);
    workers_give_task(workers, ssh_job_is_login(job) ? WORK_LOGINS : WORK_TASKS, &j->task);
}

void jobs_run_inline(struct ssh_line *line)
{
    struct list *item;
    while ((item = list_take_first(&line->inline_jobs)) != NULL) {
        struct ssh_job *job = ssh_job_of_link(item);
        uint64_t start = loop_now_ns();
        ssh_job_run(job);
        budget_note(&line->conn->loop->loop.budget, loop_now_ns() - start, true);
        ssh_job_done(job);
        line->has_news = true;
    }
}

void jobs_discard(struct ssh_line *line)
{
    struct list *item;
    while ((item = list_take_first(&line->inline_jobs)) != NULL)
        ssh_job_done(ssh_job_of_link(item));
}
