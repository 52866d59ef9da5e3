#include "loop/deadlines.h"

#include "base/mem.h"

void deadlines_clear(struct deadlines *d)
{
    mem_free(d->heap);
    *d = (struct deadlines){0};
}

bool deadlines_reserve(struct deadlines *d)
{
    if (d->reserved == d->capacity) {
        size_t capacity = d->capacity ? d->capacity * 2 : 16;
        struct deadline **heap = mem_resize(d->heap, capacity, sizeof(struct deadline *));
        if (!heap)
            return false;
        d->heap = heap;
        d->capacity = capacity;
    }
    d->reserved++;
    return true;
}

void deadlines_release(struct deadlines *d)
{
    d->reserved--;
}

void deadline_init(struct deadline *one)
{
    one->at_ns = DEADLINE_NONE;
    one->place = 0;
}

static void put(struct deadlines *d, size_t place, struct deadline *one)
{
    d->heap[place] = one;
    one->place = place;
}

static void rise(struct deadlines *d, struct deadline *one)
{
    size_t place = one->place;
    while (place > 0) {
        struct deadline *parent = d->heap[(place - 1) / 2];
        if (parent->at_ns <= one->at_ns)
            break;
        put(d, place, parent);
        place = (place - 1) / 2;
    }
    put(d, place, one);
}

static void sink(struct deadlines *d, struct deadline *one)
{
    size_t place = one->place;
    for (;;) {
        size_t child = place * 2 + 1;
        if (child >= d->count)
            break;
        if (child + 1 < d->count && d->heap[child + 1]->at_ns < d->heap[child]->at_ns)
            child++;
        if (d->heap[child]->at_ns >= one->at_ns)
            break;
        put(d, place, d->heap[child]);
        place = child;
    }
    put(d, place, one);
}

static void detach(struct deadlines *d, struct deadline *one)
{
    struct deadline *last = d->heap[--d->count];
    one->at_ns = DEADLINE_NONE;
    if (last == one)
        return;
    put(d, one->place, last);
    rise(d, last);
    sink(d, last);
}

void deadline_set(struct deadlines *d, struct deadline *one, uint64_t at_ns)
{
    if (at_ns == one->at_ns)
        return;
    if (at_ns == DEADLINE_NONE) {
        detach(d, one);
        return;
    }
    bool is_in = one->at_ns != DEADLINE_NONE;
    one->at_ns = at_ns;
    if (!is_in)
        put(d, d->count++, one);
    rise(d, one);
    sink(d, one);
}

struct deadline *deadlines_first(const struct deadlines *d)
{
    return d->count ? d->heap[0] : NULL;
}
