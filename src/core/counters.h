/* Counters that many threads add to and any thread may read: relaxed atomics. */
#ifndef SALLY_CORE_COUNTERS_H
#define SALLY_CORE_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One row per counter, named after the member of sally_counters that shows it. */
#define COUNTER_MAP(X)                                                                             \
    X(connections)                                                                                 \
    X(connections_refused)                                                                         \
    X(connections_now)                                                                             \
    X(connections_unauthenticated_now)                                                             \
    X(logins)                                                                                      \
    X(logins_rejected)                                                                             \
    X(sessions_now)                                                                                \
    X(operations)                                                                                  \
    X(operations_failed)                                                                           \
    X(files_now)                                                                                   \
    X(bytes_in)                                                                                    \
    X(bytes_out)                                                                                   \
    X(bytes_read)                                                                                  \
    X(bytes_written)                                                                               \
    X(rekeys)

struct counters {
#define COUNTER(name) _Atomic uint64_t name;
    COUNTER_MAP(COUNTER)
#undef COUNTER
};

static inline void counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static inline void counter_sub(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_sub_explicit(counter, amount, memory_order_relaxed);
}

/* Adds `amount` unless the sum would exceed `maximum` (0: no maximum). */
static inline bool counter_add_below(_Atomic uint64_t *counter, uint64_t amount, uint64_t maximum)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    do {
        if (maximum && (old > maximum || amount > maximum - old))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(counter, &old, old + amount,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

static inline uint64_t counter_get(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
