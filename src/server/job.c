#include "server/job.h"

#include "base/mem.h"
#include "server/server.h"
#include "server/workers.h"

/* A job that takes longer than this, as the last ones did, would be felt by others on the loop. */
#define QUICK_NS UINT64_C(700000)
/* And so would many: this is what one round of the loop may spend. */
#define ROUND_NS UINT64_C(1500000)

struct job {
    struct task task;
    struct conn *conn;
    struct ssh_job *job;
    uint64_t took_ns;
};

static void note_time(struct loop *loop, uint64_t took_ns)
{
    loop->job_ns = loop->job_ns ? (loop->job_ns * 7 + took_ns) / 8 : took_ns;
}

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
    note_time(c->loop, j->took_ns);
    ssh_job_done(j->job);
    mem_free(j);
    if (!c->is_ended)
        conn_make_ready(c);
    conn_unpin(c);
}

void job_take(struct conn *c, struct ssh_job *job)
{
    struct workers *workers = c->server->workers;
    const struct loop *loop = c->loop;
    bool is_quick = loop->job_ns < QUICK_NS && loop->inline_ns < ROUND_NS;
    struct job *j = workers && !is_quick ? mem_zalloc(sizeof *j) : NULL;
    if (!j) {
        list_append(&c->inline_jobs, ssh_job_link(job));
        c->has_news = true;
        return;
    }
    j->conn = c;
    j->job = job;
    j->task = (struct task){.loop = c->loop, .run = run_job, .home = finish_job};
    list_init(&j->task.link);
    conn_pin(c);
    workers_give_task(workers, ssh_job_is_login(job) ? WORK_LOGINS : WORK_TASKS, &j->task);
}

void jobs_run_inline(struct conn *c)
{
    struct list *item;
    while ((item = list_take_first(&c->inline_jobs)) != NULL) {
        struct ssh_job *job = ssh_job_of_link(item);
        uint64_t start = loop_now_ns();
        ssh_job_run(job);
        uint64_t took = loop_now_ns() - start;
        note_time(c->loop, took);
        c->loop->inline_ns += took;
        ssh_job_done(job);
        c->has_news = true;
    }
}

void jobs_discard(struct conn *c)
{
    struct list *item;
    while ((item = list_take_first(&c->inline_jobs)) != NULL)
        ssh_job_done(ssh_job_of_link(item));
}
