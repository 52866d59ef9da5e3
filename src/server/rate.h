/* A limit on bytes per second. Bytes pass as long as those before them are paid for, a second for
 * each `per_second` of them; what was not used in the last eighth of a second still counts, so that
 * being late by a little costs nothing. Any thread. */
#ifndef SALLY_SERVER_RATE_H
#define SALLY_SERVER_RATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* As seen from the server. */
enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTIONS };

struct rate {
    _Atomic uint64_t paid_ns; /* when all that has passed is paid for; 0 at first */
};

/* How many bytes may pass at a time, so that they come evenly. */
size_t rate_step(uint64_t per_second);
/* Until when no more may pass; 0: they may. */
uint64_t rate_blocked_until(const struct rate *rate, uint64_t now_ns);
/* They have passed. `per_second` is more than 0. */
void rate_charge(struct rate *rate, uint64_t bytes, uint64_t per_second, uint64_t now_ns);
/* Several share it, and it is reached: takes the place behind all that came before, and pays for
 * so many bytes, which may pass from the time returned on. */
uint64_t rate_book(struct rate *rate, uint64_t bytes, uint64_t per_second, uint64_t now_ns);
/* So many of the bytes that were paid for have not passed. */
void rate_return(struct rate *rate, uint64_t bytes, uint64_t per_second);

#endif
