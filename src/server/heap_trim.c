#include "server/heap_trim.h"

#include "loop/workers.h"
#include "os/heap.h"
#include "server/loops.h"
#include "server/server.h"

/* A connection's buffers never take more than this. */
#define CONNECTION_BYTES (UINT64_C(4) << 20)
/* A login's buffers lie between what stays of it, and leave holes. */
#define LOGIN_BYTES (UINT64_C(32) << 10)
/* Less is not worth the effort. */
#define TRIM_BYTES (UINT64_C(8) << 20)
/* After this time without traffic, a few milliseconds of slow memory go unnoticed. */
#define QUIET_NS UINT64_C(500000000)

static struct heap_trim *trim_of(struct loop_member *m)
{
    return CONTAINER_OF(m, struct heap_trim, member);
}

static uint64_t pause_ns(const struct heap_trim *trim)
{
    struct settings *s = server_settings(server_loop_of(trim->member.loop)->server);
    uint64_t pause = s->server.trim_heap_ns;
    settings_unref(s);
    return pause;
}

void heap_trim_note(struct heap_trim *trim, uint64_t moved_bytes)
{
    trim->loose_bytes +=
        LOGIN_BYTES + (moved_bytes < CONNECTION_BYTES ? moved_bytes : CONNECTION_BYTES);
    bool is_set = trim->member.deadline.at_ns != DEADLINE_NONE;
    if (trim->loose_bytes < TRIM_BYTES || is_set || !trim->member.loop ||
        !trim->member.loop->workers)
        return;
    uint64_t pause = pause_ns(trim), now = loop_now_ns();
    if (pause == 0)
        return;
    uint64_t earliest = trim->done_ns ? trim->done_ns + pause : 0;
    uint64_t quiet = now + QUIET_NS;
    loop_member_set_deadline(&trim->member, earliest > quiet ? earliest : quiet);
}

/* On a worker: it holds the heap's locks one after the other, and a loop has better things to do
 * than to wait for the pages to be given back. Nothing waits for it to end. */
static bool run(struct task *task)
{
    struct heap_trim *trim = CONTAINER_OF(task, struct heap_trim, task);
    os_heap_trim();
    atomic_store_explicit(&trim->is_out, false, memory_order_release);
    return false;
}

static void due(struct loop_member *m)
{
    struct heap_trim *trim = trim_of(m);
    struct workers *workers = m->loop->workers;
    uint64_t now = loop_now_ns();
    bool is_busy = trim->moved_ns + QUIET_NS > now ||
                   atomic_load_explicit(&trim->is_out, memory_order_acquire);
    if (is_busy) {
        loop_member_set_deadline(m, now + QUIET_NS);
        return;
    }
    trim->loose_bytes = 0;
    trim->done_ns = now;
    if (!workers || pause_ns(trim) == 0)
        return;
    trim->task = (struct task){.loop = m->loop, .run = run};
    list_init(&trim->task.link);
    atomic_store_explicit(&trim->is_out, true, memory_order_release);
    workers_give_task(workers, WORK_TASKS, NULL, &trim->task);
}

static void drain(struct loop_member *m, bool now)
{
    (void)now;
    loop_leave(m);
}

bool heap_trim_init(struct heap_trim *trim, struct loop *loop)
{
    static const struct loop_member_methods methods = {.due = due, .drain = drain};
    atomic_init(&trim->is_out, false);
    loop_member_init(&trim->member, &methods);
    return loop_join(loop, &trim->member);
}
