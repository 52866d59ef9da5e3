#include "ssh/window.h"

#include <string.h>

#define PERIOD_NS UINT64_C(10000000000)

static const char *charge(const struct window_budget *budget, size_t bytes, uint32_t part)
{
    return budget->charge ? budget->charge(budget->user_data, bytes, part) : NULL;
}

static void release(const struct window_budget *budget, size_t bytes)
{
    if (budget->release && bytes)
        budget->release(budget->user_data, bytes);
}

const char *window_open(struct window *w, const struct window_budget *budget, uint32_t start,
                        uint32_t least, uint64_t now_ns)
{
    memset(w, 0, sizeof *w);
    const char *refusal = charge(budget, start, start > least ? WINDOW_GROWS : WINDOW_ALL);
    if (refusal) {
        if (start > least)
            refusal = charge(budget, least, WINDOW_ALL);
        if (refusal)
            return refusal;
        start = least;
    }
    w->size = w->start = w->granted = start;
    w->period_ns = now_ns;
    return NULL;
}

void window_note_trip(struct window *w, uint64_t since_ns, uint64_t now_ns)
{
    uint64_t trip = now_ns > since_ns ? now_ns - since_ns : 1;
    if (w->trip_ns == 0 || trip < w->trip_ns)
        w->trip_ns = trip;
}

bool window_accept(struct window *w, uint32_t size, uint64_t now_ns)
{
    if (size > w->granted)
        return false;
    w->granted -= size;
    w->received += size;
    if (w->marked && !w->arrived && w->received > w->mark_limit) {
        window_note_trip(w, w->mark_ns, now_ns);
        w->arrived = w->is_measured = true;
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
    return w->owed && w->owed >= w->size / 8;
}

/* Whether the window alone has held the sender up since the mark. */
static bool was_full(const struct window *w, uint64_t now_ns)
{
    if (now_ns <= w->mark_ns)
        return false;
    double bytes = (double)(w->received - w->mark_received);
    double under_way = bytes * (double)w->trip_ns / (double)(now_ns - w->mark_ns);
    return under_way > 0.6 * (double)w->size;
}

/* If at least half a window arrived in less than half a round trip: how much the line would hold at
 * that rate. 0: it did not. */
static double held_by_line(const struct window *w, uint64_t now_ns)
{
    double bytes = (double)(w->received - w->mark_received);
    double ns = now_ns > w->mark_ns ? (double)(now_ns - w->mark_ns) : 1;
    bool is_burst = bytes >= 0.5 * (double)w->size && ns < 0.5 * (double)w->trip_ns;
    return is_burst ? bytes * (double)w->trip_ns / ns : 0;
}

static void grow(struct window *w, const struct window_budget *budget, uint32_t max, uint32_t times)
{
    w->surplus = 0;
    if (w->size >= max)
        return;
    uint32_t most = (max - w->size) / (times - 1);
    uint32_t more = w->size <= most ? w->size * (times - 1) : max - w->size;
    if (charge(budget, more, WINDOW_GROWS))
        return;
    w->size += more;
    w->owed += more;
}

void window_expect(struct window *w, const struct window_budget *budget, uint32_t size)
{
    w->surplus = 0;
    for (; size > w->size; size = size / 2) {
        uint32_t more = size - w->size;
        if (charge(budget, more, WINDOW_EXPECTS))
            continue;
        w->size += more;
        w->owed += more;
        return;
    }
}

void window_relax(struct window *w)
{
    w->surplus = w->size - w->start;
}

/* Every ten seconds: is half of it more than what is used? */
static void review(struct window *w, uint64_t now_ns)
{
    if (now_ns < w->period_ns + PERIOD_NS)
        return;
    uint32_t target = w->size / 2 > w->start ? w->size / 2 : w->start;
    if (w->received - w->period_received < w->size / 2) {
        w->surplus = w->size - target;
        w->full_cycles = 0;
        w->marked = false;
    }
    w->period_ns = now_ns;
    w->period_received = w->received;
}

static void keep_surplus(struct window *w, const struct window_budget *budget)
{
    uint32_t less = w->surplus < w->owed ? w->surplus : w->owed;
    w->surplus -= less;
    w->size -= less;
    w->owed -= less;
    release(budget, less);
}

void window_trim(struct window *w, const struct window_budget *budget)
{
    uint32_t less = w->owed < w->size - w->start ? w->owed : w->size - w->start;
    w->surplus = w->surplus > less ? w->surplus - less : 0;
    w->size -= less;
    w->owed -= less;
    release(budget, less);
}

uint32_t window_adjust(struct window *w, const struct window_budget *budget, uint32_t max,
                       uint64_t now_ns)
{
    double held;
    review(w, now_ns);
    keep_surplus(w, budget);
    if (w->marked && w->arrived) {
        w->full_cycles = was_full(w, now_ns) ? w->full_cycles + 1 : 0;
        if (w->full_cycles >= 2) {
            w->full_cycles = 0;
            grow(w, budget, max, 2);
        }
        w->marked = false;
    } else if (w->marked && (held = held_by_line(w, now_ns)) > (double)w->size) {
        grow(w, budget, max, w->is_measured && held > 2.0 * (double)w->size ? 4 : 2);
        w->full_cycles = 0;
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
    return more;
}

void window_close(struct window *w, const struct window_budget *budget)
{
    release(budget, w->size);
    memset(w, 0, sizeof *w);
}
