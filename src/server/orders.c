#include "server/orders.h"

#include "base/mem.h"
#include "server/conn_session.h"
#include "server/server.h"

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
    char why[SETTINGS_WHY_SIZE];
    switch (o->kind) {
    case ORDER_DISCONNECT:
        conn_disconnect(c, SALLY_END_BY_SERVER, o->value);
        break;
    case ORDER_REKEY:
        if (c->line && c->line->methods->rekey)
            c->line->methods->rekey(c->line);
        conn_make_ready(c);
        break;
    case ORDER_SET:
        (void)conn_set(c, o->name, o->value, why); /* a list left empty is logged */
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
    if (!o->conn->line && !o->conn->awaits_admission && !conn_is_ended(o->conn)) {
        loop_give_task(task); /* it arrived before the connection itself */
        return;
    }
    if (!conn_is_ended(o->conn))
        carry_out(o);
    conn_unref(o->conn);
    free_order(o);
}

static void send_to(void *user_data, struct conn *c)
{
    struct order *o = user_data;
    o->conn = conn_ref(c);
    o->task = (struct task){.loop = &c->loop->loop, .home = on_order};
    list_init(&o->task.link);
    loop_give_task(&o->task);
}

sally_error order_send(sally_server *server, uint64_t id, enum order_kind kind, const char *name,
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
    if (registry_with(&server->registry, id, send_to, o))
        return SALLY_E_OK;
    free_order(o);
    return server_fail(server, SALLY_E_NOT_FOUND, "no connection has the id %llu",
                       (unsigned long long)id);
}
