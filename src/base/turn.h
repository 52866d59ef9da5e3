/* How much work a loop does for one user (before login, one address) before it turns to the others.
 * The code that does the work counts it here, and stops when the turn is over; the rest waits for
 * the next turn. Work is counted in small units, and the clock is read only now and then, so that
 * counting is cheap. */
#ifndef SALLY_BASE_TURN_H
#define SALLY_BASE_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Units of work. A request that came in a packet of its own costs both. */
#define TURN_PACKET  1u
#define TURN_REQUEST 3u
/* A turn is over after this many units or this much time, whichever comes first. */
#define TURN_UNITS (128u * (TURN_PACKET + TURN_REQUEST))
#define TURN_NS    UINT64_C(2000000)
#define TURN_LOOK  24u /* units between two readings of the clock */
/* The clock is read for the first time after this many: most turns are shorter. */
#define TURN_FIRST_LOOK 6u

struct turn {
    uint64_t (*now_ns)(void);  /* monotonic */
    uint64_t end_ns;           /* 0: the clock has not been read yet */
    uint32_t spent, next_look; /* units */
    bool is_over;
};

static inline void turn_begin(struct turn *t)
{
    t->end_ns = 0;
    t->spent = 0;
    t->next_look = TURN_FIRST_LOOK;
    t->is_over = false;
}

/* NULL: there are no turns, so they do not end. */
static inline bool turn_is_over(const struct turn *t)
{
    return t && t->is_over;
}

/* For callers that know the time anyway. */
static inline void turn_note_time(struct turn *t, uint64_t now_ns)
{
    if (!t)
        return;
    if (t->end_ns == 0)
        t->end_ns = now_ns + TURN_NS;
    else if (now_ns >= t->end_ns)
        t->is_over = true;
}

static inline void turn_spend(struct turn *t, uint32_t units)
{
    if (!t)
        return;
    t->spent += units;
    if (t->spent >= TURN_UNITS) {
        t->is_over = true;
    } else if (t->spent >= t->next_look) {
        t->next_look = t->spent + TURN_LOOK;
        turn_note_time(t, t->now_ns());
    }
}

#endif
