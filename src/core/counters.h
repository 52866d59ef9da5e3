/* Counters that many threads add to and anybody may read: relaxed atomics. */
#ifndef SALLY_CORE_COUNTERS_H
#define SALLY_CORE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

struct counters {
    _Atomic uint64_t connections, connections_refused, connections_now, unauthenticated_now;
    _Atomic uint64_t logins, logins_rejected, sessions_now;
    _Atomic uint64_t operations, operations_failed, files_now;
    _Atomic uint64_t bytes_in, bytes_out, bytes_read, bytes_written;
    _Atomic uint64_t rekeys, buffered_bytes_now;
};

static inline void counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static inline void counter_sub(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_sub_explicit(counter, amount, memory_order_relaxed);
}

static inline uint64_t counter_get(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
