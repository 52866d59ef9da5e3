/* Looking at connections, and at the sums. */
#include <string.h>

#include "base/mem.h"
#include "server/conn.h"
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

sally_error sally_server_counters(sally_server *server, sally_counters *counters)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!counters || counters->struct_size < sizeof counters->struct_size)
        return server_fail(server, SALLY_E_INVALID, "cannot read the counters: %s",
                           counters ? "struct_size is not set" : "the struct is NULL");
    struct counters *c = &server->counters;
    size_t size = counters->struct_size;
    sally_counters all = {.struct_size = size};
#define GET(name) all.name = counter_get(&c->name);
    COUNTER_MAP(GET)
#undef GET
    if (size > sizeof all)
        memset((char *)counters + sizeof all, 0, size - sizeof all); /* that we do not know yet */
    memcpy(counters, &all, size < sizeof all ? size : sizeof all);
    return SALLY_E_OK;
}
