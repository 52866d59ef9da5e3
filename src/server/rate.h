/* A limit on bytes per second. Bytes may pass once those before them are paid for, at one second
 * per `per_second` bytes; what was not used in the last eighth of a second still counts, so small
 * delays cost nothing. Any thread. */
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
/* Returns this many bytes that were paid for but have not passed. */
void rate_return(struct rate *rate, uint64_t bytes, uint64_t per_second);

#endif
