#include "ssh/window.h"

#include <string.h>

#define IDLE_NS UINT64_C(10000000000)

static bool charge(const struct window_budget *budget, size_t bytes)
{
    return !budget->charge || budget->charge(budget->user_data, bytes);
}

static void release(const struct window_budget *budget, size_t bytes)
{
    if (budget->release && bytes)
        budget->release(budget->user_data, bytes);
}

bool window_open(struct window *w, const struct window_budget *budget, uint32_t start,
                 uint32_t least, uint64_t now_ns)
{
    memset(w, 0, sizeof *w);
    if (!charge(budget, start)) {
        if (least >= start || !charge(budget, least))
            return false;
        start = least;
    }
    w->size = w->start = w->granted = start;
    w->adjusted_ns = now_ns;
    return true;
}

bool window_take(struct window *w, uint32_t size, uint64_t now_ns)
{
    if (size > w->granted)
        return false;
    w->granted -= size;
    w->received += size;
    if (w->marked && !w->arrived && w->received > w->mark_limit) {
        uint64_t trip = now_ns > w->mark_ns ? now_ns - w->mark_ns : 1;
        /* The shortest, but let it drift up: lines change. */
        uint64_t drifted = w->trip_ns + w->trip_ns / 16;
        w->trip_ns = w->trip_ns && drifted < trip ? drifted : trip;
        w->arrived = true;
    }
    return true;
}

void window_credit(struct window *w, size_t size)
{
    uint32_t held = w->size - w->granted - w->owed;
    w->owed += size < held ? (uint32_t)size : held;
}

bool window_is_due(const struct window *w)
{
    if (w->owed == 0)
        return false;
    return w->owed >= w->size / 2 || (w->granted < w->size / 4 && w->owed >= w->size / 8);
}

/* Whether the window, and nothing else, held the sender up since the mark. */
static bool was_full(const struct window *w, uint64_t now_ns)
{
    if (now_ns <= w->mark_ns)
        return false;
    double bytes = (double)(w->received - w->mark_received);
    double under_way = bytes * (double)w->trip_ns / (double)(now_ns - w->mark_ns);
    return under_way > 0.6 * (double)w->size;
}

static void grow(struct window *w, const struct window_budget *budget, uint32_t max)
{
    if (w->size >= max)
        return;
    uint32_t more = w->size <= max - w->size ? w->size : max - w->size;
    if (!charge(budget, more))
        return;
    w->size += more;
    w->owed += more;
}

static void shrink(struct window *w, const struct window_budget *budget)
{
    uint32_t target = w->size / 2 > w->start ? w->size / 2 : w->start;
    if (target >= w->size)
        return;
    uint32_t less = w->size - target < w->owed ? w->size - target : w->owed;
    w->size -= less;
    w->owed -= less;
    release(budget, less);
}

uint32_t window_adjust(struct window *w, const struct window_budget *budget, uint32_t max,
                       uint64_t now_ns)
{
    if (now_ns - w->adjusted_ns > IDLE_NS) {
        w->full_cycles = 0;
        w->marked = false;
        shrink(w, budget);
    }
    if (w->marked && w->arrived) {
        w->full_cycles = was_full(w, now_ns) ? w->full_cycles + 1 : 0;
        if (w->full_cycles >= 2) {
            w->full_cycles = 0;
            grow(w, budget, max);
        }
        w->marked = false;
    }
    if (!w->marked) {
        w->marked = true;
        w->arrived = false;
        w->mark_ns = now_ns;
        w->mark_received = w->received;
        w->mark_limit = w->received + w->granted;
    }
    uint32_t more = w->owed;
    w->owed = 0;
    w->granted += more;
    w->adjusted_ns = now_ns;
    return more;
}

void window_close(struct window *w, const struct window_budget *budget)
{
    release(budget, w->size);
    memset(w, 0, sizeof *w);
}
