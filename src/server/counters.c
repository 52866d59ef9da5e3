/* The totals that a program is shown. */
#include "base/sized.h"
#include "server/server.h"

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
    all.memory_now = account_used(&server->limits.memory);
    sized_fill(counters, size, &all, sizeof all);
    return SALLY_E_OK;
}
