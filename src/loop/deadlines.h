/* A heap of deadlines: the earliest one is at the top, moving one costs log n, and only
 * deadlines_reserve() allocates. */
#ifndef SALLY_LOOP_DEADLINES_H
#define SALLY_LOOP_DEADLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEADLINE_NONE UINT64_MAX

struct deadline {
    uint64_t at_ns; /* DEADLINE_NONE: not in the heap */
    size_t place;
};

struct deadlines {
    struct deadline **heap;
    size_t count, capacity, reserved;
};

void deadlines_clear(struct deadlines *d);
/* Room for one more deadline, which is given back by deadlines_release(). */
bool deadlines_reserve(struct deadlines *d);
void deadlines_release(struct deadlines *d);

void deadline_init(struct deadline *one);
/* Inserts, moves or removes (DEADLINE_NONE) it. Needs a reserved place. */
void deadline_set(struct deadlines *d, struct deadline *one, uint64_t at_ns);
/* The earliest one; NULL if there is none. */
struct deadline *deadlines_first(const struct deadlines *d);

#endif
