#include "server/rate.h"

#include "base/number.h"

#define SECOND_NS UINT64_C(1000000000)
#define UNUSED_NS (SECOND_NS / 8)
#define STEP_MIN  1024u
#define STEP_MAX  (1u << 20)

size_t rate_step(uint64_t per_second)
{
    uint64_t step = min_u64(per_second / 8, STEP_MAX);
    return step < STEP_MIN ? STEP_MIN : (size_t)step;
}

uint64_t rate_blocked_until(const struct rate *rate, uint64_t now_ns)
{
    uint64_t paid_ns = atomic_load_explicit(&rate->paid_ns, memory_order_relaxed);
    return paid_ns > now_ns ? paid_ns : 0;
}

/* In floating point: a product of integers could overflow. */
static uint64_t cost_ns(uint64_t bytes, uint64_t per_second)
{
    return (uint64_t)((double)bytes * (double)SECOND_NS / (double)per_second);
}

/* Returns when what came before is paid for. */
static uint64_t pay(struct rate *rate, uint64_t bytes, uint64_t per_second, uint64_t now_ns)
{
    uint64_t earliest = now_ns > UNUSED_NS ? now_ns - UNUSED_NS : 0;
    uint64_t cost = cost_ns(bytes, per_second), begin;
    uint64_t paid_ns = atomic_load_explicit(&rate->paid_ns, memory_order_relaxed);
    do {
        begin = paid_ns > earliest ? paid_ns : earliest;
    } while (!atomic_compare_exchange_weak_explicit(&rate->paid_ns, &paid_ns, begin + cost,
                                                    memory_order_relaxed, memory_order_relaxed));
    return begin;
}

void rate_charge(struct rate *rate, uint64_t bytes, uint64_t per_second, uint64_t now_ns)
{
    (void)pay(rate, bytes, per_second, now_ns);
}

uint64_t rate_book(struct rate *rate, uint64_t bytes, uint64_t per_second, uint64_t now_ns)
{
    return pay(rate, bytes, per_second, now_ns);
}

void rate_return(struct rate *rate, uint64_t bytes, uint64_t per_second)
{
    uint64_t cost = cost_ns(bytes, per_second), left;
    uint64_t paid_ns = atomic_load_explicit(&rate->paid_ns, memory_order_relaxed);
    do {
        left = paid_ns > cost ? paid_ns - cost : 0;
    } while (!atomic_compare_exchange_weak_explicit(&rate->paid_ns, &paid_ns, left,
                                                    memory_order_relaxed, memory_order_relaxed));
}
