#include "core/session.h"

#include <string.h>

#include "base/mem.h"
#include "core/grants.h"
#include "core/session_internal.h"
#include "sallyport/connection.h"

static const sally_peer unknown_peer = {.address = "",
                                        .local_address = "",
                                        .protocol = "sftp",
                                        .client_software = "",
                                        .listener = "",
                                        .proxy_address = ""};

static void shrink_pool(sally_session *s, uint32_t count)
{
    for (; s->pooled > count; s->pooled--)
        mem_free(CONTAINER_OF(list_pop_first(&s->pool), struct op, link));
}

static void free_pool(sally_session *s)
{
    shrink_pool(s, 0);
    mem_free(s->closing_op);
    s->closing_op = NULL;
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
    s->closing_op = mem_alloc(sizeof *s->closing_op);
    if (!s->user || !s->home || !s->closing_op) {
        mem_free(s->user);
        mem_free(s->home);
        mem_free(s->closing_op);
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
    s->connection = o->connection;
    s->fs = sally_fs_ref(o->fs);
    s->login_data = o->login_data;
    s->protocol = "";
    s->denied = o->denied;
    atomic_init(&s->permissions, o->permissions & ~o->denied);
    s->id = o->id;
    s->max_operations = o->max_operations ? o->max_operations : 1;
    s->max_files = o->max_files;
    s->max_bytes = o->max_bytes;
    s->hooks = o->hooks;
    s->log = o->log;
    s->counters = o->counters;
    s->memory = o->memory;
    s->file_account = o->files;
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

struct op *op_new(sally_session *s, uint32_t kind)
{
    struct list *pooled = list_pop_first(&s->pool);
    struct op *op;
    if (pooled) {
        s->pooled--;
        op = CONTAINER_OF(pooled, struct op, link);
    } else {
        op = mem_alloc(sizeof *op);
        if (!op)
            return NULL;
    }
    op_init(op, s, kind);
    op->pub.id = ++s->next_request;
    s->references++;
    return op;
}

struct op *session_own_op(sally_session *s, uint32_t kind, sally_file *file, size_t first_hook)
{
    struct op *op = op_new(s, kind);
    if (!op)
        return NULL;
    op->is_internal = true;
    op->skips_permissions = true;
    op->first_hook = (uint32_t)first_hook;
    op->pub.flags |= SALLY_OP_INTERNAL;
    op->pub.path = "/";
    if (file)
        op_use_file(op, file);
    return op;
}

bool session_put_op(struct op *op)
{
    sally_session *s = op->session;
    bool made_room = op->charged_bytes > 0;
    sally_fs_unref(op->fs);
    grants_release(op);
    op_release_memory(op);
    s->charged_bytes -= op->charged_bytes;
    if (op->is_charged)
        local_account_release(s->memory, sizeof *op);
    /* An idle session keeps one; the closing needs its own. */
    bool is_idle = s->started + s->queued == 0;
    bool keep = s->stage != SESSION_CLOSED && s->pooled < (is_idle ? 1 : SESSION_POOL);
    if (is_idle)
        shrink_pool(s, 1);
    if (!s->closing_op && s->stage != SESSION_CLOSED) {
        s->closing_op = op;
    } else if (keep) {
        list_prepend(&s->pool, &op->link);
        s->pooled++;
    } else {
        mem_free(op);
    }
    return made_room;
}

bool session_may_submit(const sally_session *s)
{
    return !session_is_closing(s) && !session_turn_is_over(s) &&
           s->queued + s->started - s->internal_ops < s->max_operations;
}

bool session_turn_is_over(const sally_session *s)
{
    return turn_is_over(s->host->turn);
}

void session_spend(const sally_session *s, uint32_t units)
{
    turn_spend(s->host->turn, units);
}

struct local_account *session_memory(const sally_session *s)
{
    return s->memory;
}

bool session_has_room(const sally_session *s, size_t bytes, bool is_idle)
{
    return s->stage != SESSION_OPEN || local_account_has_room(s->memory, bytes) ||
           (is_idle && local_account_has_reserve(s->memory));
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

void session_set_protocol(sally_session *s, const char *name)
{
    s->protocol = name;
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
    return session_ids(s);
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

const char *sally_session_protocol(const sally_session *s)
{
    return s->protocol;
}

sally_connection *sally_session_connection(const sally_session *s)
{
    return s->connection;
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
    return atomic_load_explicit(&s->permissions, memory_order_acquire);
}

void sally_session_set_permissions(sally_session *s, uint32_t permissions)
{
    atomic_store_explicit(&s->permissions, permissions & SALLY_MAY_ALL & ~s->denied,
                          memory_order_release);
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

void *sally_session_login_data(const sally_session *s)
{
    return s->login_data;
}
