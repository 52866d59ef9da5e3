#include "server/sweep.h"

#include "os/heap.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/workers.h"

/* No connection's buffers take more than that, however much went through them. */
#define CONNECTION_BYTES (UINT64_C(4) << 20)
/* A login's buffers lie between what stays of it, and leave holes. */
#define LOGIN_BYTES (UINT64_C(32) << 10)
/* Less is not worth the trouble. */
#define SWEEP_BYTES (UINT64_C(8) << 20)
/* Without traffic for as long, nobody notices that memory is slow for a few milliseconds. */
#define QUIET_NS UINT64_C(500000000)

void sweep_init(struct sweep *sweep)
{
    deadline_init(&sweep->deadline);
    atomic_init(&sweep->is_out, false);
}

static uint64_t pause_ns(struct loop *loop)
{
    struct settings *s = server_settings(loop->server);
    uint64_t pause = s->server_trim_heap_ns;
    settings_unref(s);
    return pause;
}

void sweep_note(struct loop *loop, uint64_t moved_bytes)
{
    struct sweep *sweep = &loop->sweep;
    sweep->loose_bytes +=
        LOGIN_BYTES + (moved_bytes < CONNECTION_BYTES ? moved_bytes : CONNECTION_BYTES);
    if (sweep->loose_bytes < SWEEP_BYTES || sweep->deadline.at_ns != DEADLINE_NONE ||
        !loop->server->workers)
        return;
    uint64_t pause = pause_ns(loop), now = loop_now_ns();
    if (pause == 0)
        return;
    uint64_t earliest = sweep->done_ns ? sweep->done_ns + pause : 0;
    uint64_t quiet = now + QUIET_NS;
    loop_set_deadline(loop, &sweep->deadline, earliest > quiet ? earliest : quiet);
}

/* On a worker: it holds the heap's locks one after the other, and a loop has better things to do
 * than to wait for the pages to be given back. Nobody waits for its end. */
static bool run(struct task *task)
{
    struct sweep *sweep = CONTAINER_OF(task, struct sweep, task);
    os_heap_trim();
    atomic_store_explicit(&sweep->is_out, false, memory_order_release);
    return false;
}

void sweep_due(struct loop *loop)
{
    struct sweep *sweep = &loop->sweep;
    uint64_t now = loop_now_ns();
    bool is_busy = sweep->moved_ns + QUIET_NS > now ||
                   atomic_load_explicit(&sweep->is_out, memory_order_acquire);
    if (is_busy) {
        loop_set_deadline(loop, &sweep->deadline, now + QUIET_NS);
        return;
    }
    sweep->loose_bytes = 0;
    sweep->done_ns = now;
    struct workers *workers = loop->server->workers;
    if (!workers || pause_ns(loop) == 0)
        return;
    sweep->task = (struct task){.loop = loop, .run = run};
    list_init(&sweep->task.link);
    atomic_store_explicit(&sweep->is_out, true, memory_order_release);
    workers_give_task(workers, WORK_TASKS, &sweep->task);
}
