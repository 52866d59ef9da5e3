#include "server/conn_commands.h"

#include "base/mem.h"
#include "server/conn_session.h"
#include "server/server.h"

struct command {
    struct task task;
    enum conn_command kind;
    struct conn *conn; /* held */
    char *name, *value;
    uint32_t permissions;
};

static void free_command(struct command *k)
{
    mem_free(k->name);
    mem_free(k->value);
    mem_free(k);
}

static void carry_out(struct command *k)
{
    struct conn *c = k->conn;
    char why[SETTINGS_WHY_SIZE];
    switch (k->kind) {
    case CONN_COMMAND_DISCONNECT:
        conn_disconnect(c, SALLY_END_BY_SERVER, k->value);
        break;
    case CONN_COMMAND_REKEY:
        if (c->line && c->line->methods->rekey)
            c->line->methods->rekey(c->line);
        conn_make_ready(c);
        break;
    case CONN_COMMAND_SET:
        (void)conn_set(c, k->name, k->value, why); /* a list left empty is logged */
        break;
    case CONN_COMMAND_PERMIT:
        c->login.permissions = k->permissions;
        conn_sessions_permit(c);
        break;
    }
}

static void on_command(struct task *task)
{
    struct command *k = CONTAINER_OF(task, struct command, task);
    if (!k->conn->line && !k->conn->awaits_admission && !conn_is_ended(k->conn)) {
        loop_give_task(task); /* it arrived before the connection itself */
        return;
    }
    if (!conn_is_ended(k->conn))
        carry_out(k);
    conn_unref(k->conn);
    free_command(k);
}

static void send_to(void *user_data, struct conn *c)
{
    struct command *k = user_data;
    k->conn = conn_ref(c);
    k->task = (struct task){.loop = &c->loop->loop, .home = on_command};
    list_init(&k->task.link);
    loop_give_task(&k->task);
}

sally_error conn_command_send(sally_server *server, uint64_t id, enum conn_command kind,
                              const char *name, const char *value, uint32_t permissions)
{
    struct command *k = mem_zalloc(sizeof *k);
    if (!k)
        return server_fail(server, SALLY_E_NO_MEMORY, "out of memory");
    k->kind = kind;
    k->permissions = permissions;
    k->name = mem_strdup(name);
    k->value = mem_strdup(value);
    if ((name && !k->name) || (value && !k->value)) {
        free_command(k);
        return server_fail(server, SALLY_E_NO_MEMORY, "out of memory");
    }
    if (registry_with(&server->registry, id, send_to, k))
        return SALLY_E_OK;
    free_command(k);
    return server_fail(server, SALLY_E_NOT_FOUND, "no connection has the id %llu",
                       (unsigned long long)id);
}
