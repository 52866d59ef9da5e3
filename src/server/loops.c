#include "server/loops.h"

#include <unistd.h>

#include "base/mem.h"
#include "loop/workers.h"
#include "server/server.h"

#define DEFAULT_WORKERS 256
/* Before login: one for each kind of work, and two to spare. */
#define LEAST_UNAUTHENTICATED 6
#define MAX_LOOPS             1024

struct server_loop *server_loop_of(struct loop *loop)
{
    return CONTAINER_OF(loop, struct server_loop, loop);
}

static uint32_t processors(void)
{
#if UV_VERSION_HEX >= 0x012c00
    unsigned count = uv_available_parallelism();
#else
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#endif
    return count < 1 ? 1 : count > MAX_LOOPS ? MAX_LOOPS : (uint32_t)count;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static uint32_t at_least(uint32_t value, uint32_t least)
{
    return value < least ? least : value;
}

static uint32_t at_most(uint32_t value, uint32_t most)
{
    return value > most ? most : value;
}

/* Long computations, and those that clients can request before login at no cost to themselves, must
 * leave processors for other work. */
static struct workers *make_workers(const struct settings *s)
{
    uint32_t cores = processors();
    uint32_t workers = or_default(s->server.workers, DEFAULT_WORKERS);
    uint32_t unauthenticated =
        or_default(s->server.workers_unauthenticated, at_least(cores * 2, LEAST_UNAUTHENTICATED));
    uint32_t digests =
        at_least(at_most(or_default(s->server.digest_jobs, cores * 2), workers / 4), 1);
    const struct workers_options options = {
        .max_sessions = workers,
        .max_long_ops = digests,
        .max_lane = s->server.workers_per_connection,
        .max_group = or_default(s->server.workers_per_user, workers - workers / 4),
        .max_group_long = at_least(digests - at_least(digests / 4, 1), 1),
        .max_tasks = at_least(cores, 2),
        .max_unauthenticated = unauthenticated,
        .max_costly_kex = at_least(at_most(unauthenticated, cores) / 2, 1),
        .max_passwords = or_default(s->server.password_hash_jobs, cores),
        .stack = s->server.worker_stack,
    };
    return workers_new(&options);
}

static sally_error make_loop(struct server_loop **out, sally_server *server)
{
    struct server_loop *l = mem_zalloc(sizeof *l);
    sally_error error = l ? loop_init(&l->loop) : SALLY_E_NO_MEMORY;
    if (!error && !heap_trim_init(&l->heap_trim, &l->loop)) {
        loop_clear(&l->loop);
        error = SALLY_E_NO_MEMORY;
    }
    if (error) {
        mem_free(l);
        return error;
    }
    l->server = server;
    list_init(&l->conns);
    *out = l;
    return SALLY_E_OK;
}

void loops_free(sally_server *server)
{
    for (uint32_t i = 0; i < server->loop_count; i++) {
        loop_clear(&server->loops[i]->loop);
        mem_free(server->loops[i]);
    }
    mem_free(server->loops);
    server->loops = NULL;
    server->loop_count = 0;
    workers_free(server->workers);
    server->workers = NULL;
}

sally_error loops_make(sally_server *server, bool pumped)
{
    const struct settings *s = server->settings;
    uint32_t count = pumped ? 1 : or_default(s->server.loops, processors());
    server->loops = mem_array(count, sizeof(struct server_loop *));
    sally_error error = server->loops ? SALLY_E_OK : SALLY_E_NO_MEMORY;
    while (!error && server->loop_count < count) {
        error = make_loop(&server->loops[server->loop_count], server);
        if (!error)
            server->loop_count++;
    }
    if (!error && (!pumped || s->server.workers)) {
        server->workers = make_workers(s);
        if (!server->workers)
            error = SALLY_E_NO_MEMORY;
    }
    if (!error && !conn_log_join(&server->conn_log, &server->loops[0]->loop))
        error = SALLY_E_NO_MEMORY;
    if (error)
        loops_free(server);
    for (uint32_t i = 0; i < server->loop_count; i++)
        server->loops[i]->loop.workers = server->workers;
    return error;
}

struct server_loop *loops_pick(sally_server *server)
{
    struct server_loop *best = NULL;
    uint32_t least = UINT32_MAX;
    if (server->is_draining)
        return NULL;
    for (uint32_t i = 0; i < server->loop_count; i++) {
        uint32_t load = atomic_load_explicit(&server->loops[i]->loop.load, memory_order_relaxed);
        if (load < least) {
            least = load;
            best = server->loops[i];
        }
    }
    if (best)
        atomic_fetch_add_explicit(&best->loop.load, 1, memory_order_acq_rel);
    return best;
}
