/* Calls about connections, from any thread: looking at all of them, and orders to one, which travel
 * to its loop. */
#include "base/mem.h"
#include "server/conn_session.h"
#include "server/server.h"

sally_error sally_server_walk(sally_server *server,
                              bool (*each)(void *user_data, const sally_connection_info *info),
                              void *user_data)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!each)
        return server_fail(server, SALLY_E_INVALID,
                           "cannot walk the connections: the callback is NULL");
    atomic_store_explicit(&server->walked_ns, loop_now_ns(), memory_order_relaxed);
    size_t count;
    struct conn **all = registry_all(&server->registry, &count);
    sally_error error = all ? SALLY_E_OK : SALLY_E_NO_MEMORY;
    bool goes_on = true;
    for (size_t i = 0; i < count; i++) {
        sally_connection_info info;
        sally_peer peer;
        char *storage = NULL;
        if (goes_on && !error && !conn_describe(all[i], &info, &peer, &storage))
            error = SALLY_E_NO_MEMORY;
        if (goes_on && !error)
            goes_on = each(user_data, &info);
        mem_free(storage);
        conn_unref(all[i]);
    }
    mem_free(all);
    return error ? server_fail(server, error, "out of memory") : SALLY_E_OK;
}

/* ---- Orders ---- */

enum order_kind { ORDER_DISCONNECT, ORDER_REKEY, ORDER_SET, ORDER_PERMIT };

struct order {
    struct task task;
    enum order_kind kind;
    struct conn *conn; /* held */
    char *name, *value;
    uint32_t permissions;
};

static void free_order(struct order *o)
{
    mem_free(o->name);
    mem_free(o->value);
    mem_free(o);
}

static void carry_out(struct order *o)
{
    struct conn *c = o->conn;
    switch (o->kind) {
    case ORDER_DISCONNECT:
        conn_disconnect(c, SALLY_END_BY_SERVER, o->value);
        break;
    case ORDER_REKEY:
        if (c->line->methods->rekey)
            c->line->methods->rekey(c->line);
        conn_make_ready(c);
        break;
    case ORDER_SET:
        conn_set(c, o->name, o->value);
        break;
    case ORDER_PERMIT:
        c->login.permissions = o->permissions;
        conn_sessions_permit(c);
        break;
    }
}

static void on_order(struct task *task)
{
    struct order *o = CONTAINER_OF(task, struct order, task);
    if (!o->conn->line && !conn_is_ended(o->conn)) {
        loop_give_task(task); /* it overtook the connection itself */
        return;
    }
    if (!conn_is_ended(o->conn))
        carry_out(o);
    conn_unref(o->conn);
    free_order(o);
}

static void send_order(void *user_data, struct conn *c)
{
    struct order *o = user_data;
    o->conn = conn_ref(c);
    o->task = (struct task){.loop = &c->loop->loop, .home = on_order};
    list_init(&o->task.link);
    loop_give_task(&o->task);
}

static sally_error order(sally_server *server, uint64_t id, enum order_kind kind, const char *name,
                         const char *value, uint32_t permissions)
{
    struct order *o = mem_zalloc(sizeof *o);
    if (!o)
        return server_fail(server, SALLY_E_NO_MEMORY, "out of memory");
    o->kind = kind;
    o->permissions = permissions;
    o->name = mem_strdup(name);
    o->value = mem_strdup(value);
    if ((name && !o->name) || (value && !o->value)) {
        free_order(o);
        return server_fail(server, SALLY_E_NO_MEMORY, "out of memory");
    }
    if (registry_with(&server->registry, id, send_order, o))
        return SALLY_E_OK;
    free_order(o);
    return server_fail(server, SALLY_E_NOT_FOUND, "there is no connection %llu",
                       (unsigned long long)id);
}

sally_error sally_server_disconnect(sally_server *server, uint64_t connection_id, const char *text)
{
    if (!server)
        return SALLY_E_INVALID;
    return order(server, connection_id, ORDER_DISCONNECT, NULL, text ? text : "disconnected", 0);
}

sally_error sally_server_rekey(sally_server *server, uint64_t connection_id)
{
    return server ? order(server, connection_id, ORDER_REKEY, NULL, NULL, 0) : SALLY_E_INVALID;
}

sally_error sally_server_set_connection(sally_server *server, uint64_t connection_id,
                                        const char *name, const char *value)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!name || !value)
        return server_fail(server, SALLY_E_INVALID,
                           "cannot set a connection's setting: its name or value is NULL");
    char why[SETTINGS_WHY_SIZE];
    sally_error error = setting_check(SALLY_SCOPE_CONNECTION, name, value, why);
    if (error)
        return server_fail(server, error, "%s", why);
    return order(server, connection_id, ORDER_SET, name, value, 0);
}

sally_error sally_server_set_permissions(sally_server *server, uint64_t connection_id,
                                         uint32_t permissions)
{
    return server ? order(server, connection_id, ORDER_PERMIT, NULL, NULL, permissions)
                  : SALLY_E_INVALID;
}
