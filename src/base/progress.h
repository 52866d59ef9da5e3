/* Whether a receiver makes progress. It is stalled if it reads nothing for a whole period, or less
 * than a sixteenth of the waiting data. Even slow lines are fast enough for that; a receiver that
 * reads a few bytes at a time would keep the rest in memory forever. */
#ifndef SALLY_BASE_PROGRESS_H
#define SALLY_BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_PART 16

struct progress {
    uint64_t last_ns;  /* when data was last read, or began to wait */
    uint64_t since_ns; /* when the period began */
    uint64_t taken;    /* bytes in this period */
};

/* Nothing has waited until now. */
static inline void progress_begin(struct progress *p, uint64_t now_ns)
{
    p->last_ns = p->since_ns = now_ns;
    p->taken = 0;
}

static inline void progress_note(struct progress *p, uint64_t size, uint64_t now_ns)
{
    p->last_ns = now_ns;
    p->taken += size;
}

/* When to ask progress_is_stalled() next, as long as something waits. */
static inline uint64_t progress_deadline(const struct progress *p, uint64_t patience_ns)
{
    uint64_t from = p->last_ns < p->since_ns ? p->last_ns : p->since_ns;
    return from < UINT64_MAX - patience_ns ? from + patience_ns : UINT64_MAX;
}

/* `waiting` bytes wait: more than zero. A new period begins if enough was taken in this one. */
static inline bool progress_is_stalled(struct progress *p, uint64_t waiting, uint64_t patience_ns,
                                       uint64_t now_ns)
{
    if (now_ns < progress_deadline(p, patience_ns))
        return false;
    if (now_ns - p->last_ns >= patience_ns || p->taken < (p->taken + waiting) / PROGRESS_PART)
        return true;
    p->since_ns = now_ns;
    p->taken = 0;
    return false;
}

#endif
