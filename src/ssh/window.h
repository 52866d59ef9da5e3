/* The receive window of one channel (RFC 4254 section 5.2): what the peer may send, what was done with, when more is granted, and
 * how it grows.
 *
 * The owner gives bytes back as it is done with them. They are granted again in one WINDOW_ADJUST when half a window has come
 * together, or an eighth when the peer is about to run dry: early enough for a sender never to stop on a short line, and rare.
 *
 * Growth. The time from an adjust to the first byte that could not have been sent without it is never less than a round
 * trip, and about one when the sender stands at the edge of its window. Bytes per second times the shortest such trip is how
 * much is under way: half a window when the sender is slowed down by something else (an adjust leaves half a window to
 * send), nearly a whole one when the window is what holds it up. Twice in a row more than 6/10: the window doubles, up to
 * the maximum, if the owner's memory budget allows. After ten seconds without an adjust it is halved again, down to the
 * start: what is not granted again needs no taking back. */
#ifndef SALLY_SSH_WINDOW_H
#define SALLY_SSH_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window_budget { /* the owner's; a NULL function always agrees */
    bool (*charge)(void *user_data, size_t bytes);
    void (*release)(void *user_data, size_t bytes);
    void *user_data;
};

struct window {
    uint32_t size;    /* all that the peer may have sent and the owner not given back; charged to the budget */
    uint32_t start;   /* size at first */
    uint32_t granted; /* what the peer may still send */
    uint32_t owed;    /* given back and not granted again */
    uint64_t received;
    /* The measurement under way: since the adjust at mark_ns. */
    bool marked, arrived;
    uint64_t mark_ns, mark_received;
    uint64_t mark_limit; /* `received` beyond this proves that the adjust has arrived */
    uint64_t trip_ns;    /* the shortest lately; 0: none yet */
    uint32_t full_cycles;
    uint64_t adjusted_ns;
};

/* False: the budget has not even room for `least`, to which it may fall back from `start`. */
bool window_open(struct window *w, const struct window_budget *budget, uint32_t start,
                 uint32_t least, uint64_t now_ns);
/* `size` bytes came. False: more than was granted. */
bool window_take(struct window *w, uint32_t size, uint64_t now_ns);
/* `size` bytes are done with. */
void window_credit(struct window *w, size_t size);
bool window_is_due(const struct window *w);
/* What to grant now; only when due. */
uint32_t window_adjust(struct window *w, const struct window_budget *budget, uint32_t max,
                       uint64_t now_ns);
void window_close(struct window *w, const struct window_budget *budget);

#endif
