#include "loop/work.h"

static bool unauthenticated_may_start(const struct work_threads *t, enum work kind)
{
    uint32_t running = 0, kept = 0;
    for (uint32_t i = WORK_FIRST_UNAUTHENTICATED; i < WORK_COUNT; i++) {
        running += t->running[i];
        kept += t->running[i] == 0;
    }
    if (running >= t->max_unauthenticated)
        return false;
    return t->running[kind] == 0 || t->max_unauthenticated - running > kept;
}

bool work_may_start(const struct work_threads *t, enum work kind)
{
    if (t->running[kind] >= t->max[kind])
        return false;
    if (kind == WORK_TASKS)
        return true;
    if (kind < WORK_TASKS)
        return t->running[WORK_OPS] + t->running[WORK_LONG_OPS] < t->max_sessions;
    return unauthenticated_may_start(t, kind);
}
