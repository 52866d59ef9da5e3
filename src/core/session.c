#include "core/session.h"

#include <string.h>

#include "base/mem.h"
#include "core/run.h"
#include "core/session_inside.h"

#define TOGETHER_NS UINT64_C(500000) /* answers wait for others behind them at most so long */

static const sally_peer unknown_peer = {
    .address = "", .local_address = "", .protocol = "sftp", .client_software = "", .listener = ""};

static void free_pool(sally_session *s)
{
    struct list *item;
    while ((item = list_take_first(&s->pool)) != NULL)
        mem_free(CONTAINER_OF(item, struct op, link));
    s->pooled = 0;
    mem_free(s->spare);
    s->spare = NULL;
}

sally_error session_new(sally_session **out, struct session_host *host,
                        const struct session_options *o)
{
    *out = NULL;
    sally_session *s = mem_zalloc(sizeof *s);
    if (!s)
        return SALLY_E_NO_MEMORY;
    s->user = mem_strdup(o->user ? o->user : "");
    s->home = mem_strdup(o->home ? o->home : "/");
    s->spare = mem_alloc(sizeof *s->spare);
    if (!s->user || !s->home || !s->spare) {
        mem_free(s->user);
        mem_free(s->home);
        mem_free(s->spare);
        mem_free(s);
        return SALLY_E_NO_MEMORY;
    }
    list_init(&s->queue);
    list_init(&s->running);
    list_init(&s->files);
    list_init(&s->inodes);
    list_init(&s->pool);
    atomic_init(&s->submitted, 0);
    s->host = host;
    s->peer = o->peer ? o->peer : &unknown_peer;
    s->fs = sally_fs_ref(o->fs);
    s->permissions = o->permissions;
    s->id = o->id;
    s->max_operations = o->max_operations ? o->max_operations : 1;
    s->max_files = o->max_files;
    s->max_bytes = o->max_bytes;
    s->hooks = o->hooks;
    s->log = o->log;
    s->counters = o->counters;
    s->references = 1;
    *out = s;
    return SALLY_E_OK;
}

void session_release(sally_session *s)
{
    if (--s->references > 0)
        return;
    free_pool(s);
    mem_free(s->user);
    mem_free(s->home);
    mem_free(s);
}

static void bring_home(struct session_host *host, struct list *done)
{
    struct list *item;
    while ((item = list_take_first(done)) != NULL)
        host->wake(host, CONTAINER_OF(item, struct op, link));
}

/* Answers go home together, so that they are told to the client together; unless they take long. */
void session_run(struct op *op)
{
    struct session_host *host = op->session->host;
    uint64_t begun = list_empty(&op->followers) ? 0 : host->now_ns(host);
    struct list done;
    list_init(&done);
    while (op && op_steps(op, false)) {
        struct op *next = op_take_follower(op);
        list_append(&done, &op->link);
        if (next && host->now_ns(host) - begun > TOGETHER_NS)
            bring_home(host, &done);
        op = next;
    }
    bring_home(host, &done);
}

void session_deliver(struct op *op)
{
    if (op->stage == OP_SUBMITTED) {
        session_adopt(op);
        return;
    }
    if (op_come_home(op))
        session_go_on(op);
}

bool session_may_submit(const sally_session *s)
{
    return !s->closing && s->queued + s->started - s->aside < s->max_operations;
}

uint32_t session_in_flight(const sally_session *s)
{
    return s->queued + s->started;
}

uint64_t session_changes(const sally_session *s)
{
    return s->changes;
}

void session_each_running(const sally_session *s,
                          void (*each)(void *user_data, const struct op *op), void *user_data)
{
    LIST_EACH (item, &s->running)
        each(user_data, CONTAINER_OF(item, struct op, run_link));
}

void session_set_version(sally_session *s, uint32_t version)
{
    s->version = version;
}

uint32_t session_file_count(const sally_session *s)
{
    return s->file_count;
}

uint32_t session_max_files(const sally_session *s)
{
    return s->max_files;
}

struct log_ids session_log_ids(const sally_session *s)
{
    return (struct log_ids){.connection = s->peer->connection_id, .session = s->id};
}

const struct log_sink *session_log(const sally_session *s)
{
    return s->log;
}

struct session_host *session_host(const sally_session *s)
{
    return s->host;
}

uint64_t sally_session_id(const sally_session *s)
{
    return s->id;
}

const char *sally_session_user(const sally_session *s)
{
    return s->user;
}

const sally_peer *sally_session_peer(const sally_session *s)
{
    return s->peer;
}

uint32_t sally_session_version(const sally_session *s)
{
    return s->version;
}

const char *sally_session_home(const sally_session *s)
{
    return s->home;
}

uint32_t sally_session_permissions(const sally_session *s)
{
    return s->permissions;
}

sally_fs *sally_session_fs(const sally_session *s)
{
    return s->fs;
}

void sally_session_set_data(sally_session *s, void *data)
{
    s->data = data;
}

void *sally_session_data(const sally_session *s)
{
    return s->data;
}
