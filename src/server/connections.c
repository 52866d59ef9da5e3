/* Calls about connections, from any thread: looking at all of them, and orders to one, which travel
 * to its loop. */
#include "base/mem.h"
#include "server/conn.h"
#include "server/conn_commands.h"
#include "server/server.h"

sally_error sally_server_each_connection(sally_server *server,
                                         bool (*each)(void *user_data,
                                                      const sally_connection_info *info),
                                         void *user_data)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!each)
        return server_fail(server, SALLY_E_INVALID,
                           "cannot visit the connections: the callback is NULL");
    atomic_store_explicit(&server->visited_ns, loop_now_ns(), memory_order_relaxed);
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

/* ---- To one of them ---- */

sally_error sally_server_disconnect(sally_server *server, uint64_t connection_id, const char *text)
{
    if (!server)
        return SALLY_E_INVALID;
    return conn_command_send(server, connection_id, CONN_COMMAND_DISCONNECT, NULL,
                             text ? text : "disconnected", 0);
}

sally_error sally_server_rekey(sally_server *server, uint64_t connection_id)
{
    return server ? conn_command_send(server, connection_id, CONN_COMMAND_REKEY, NULL, NULL, 0)
                  : SALLY_E_INVALID;
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
    return conn_command_send(server, connection_id, CONN_COMMAND_SET, name, value, 0);
}

sally_error sally_server_set_permissions(sally_server *server, uint64_t connection_id,
                                         uint32_t permissions)
{
    return server ? conn_command_send(server, connection_id, CONN_COMMAND_PERMIT, NULL, NULL,
                                      permissions)
                  : SALLY_E_INVALID;
}
