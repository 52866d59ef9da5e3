/* Computations that a loop does itself because passing them to a worker would take longer, as long
 * as they are short and few. */
#ifndef SALLY_LOOP_INLINE_BUDGET_H
#define SALLY_LOOP_INLINE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* If recent computations took longer than this, another one would noticeably delay others on the
 * loop. */
#define INLINE_ONE_NS UINT64_C(700000)
/* So would many short ones: the most that one round of the loop may spend. */
#define INLINE_ROUND_NS UINT64_C(1500000)

struct inline_budget {
    uint64_t usual_ns; /* running average of one computation */
    uint64_t spent_ns; /* in this round */
};

/* A round begins. */
static inline void inline_budget_renew(struct inline_budget *b)
{
    b->spent_ns = 0;
}

static inline bool inline_budget_allows(const struct inline_budget *b)
{
    return b->usual_ns < INLINE_ONE_NS && b->spent_ns < INLINE_ROUND_NS;
}

/* A computation took `took_ns`; `here`: on the loop, not in a worker. */
static inline void inline_budget_note(struct inline_budget *b, uint64_t took_ns, bool here)
{
    b->usual_ns = b->usual_ns ? (b->usual_ns * 7 + took_ns) / 8 : took_ns;
    if (here)
        b->spent_ns += took_ns;
}

#endif
