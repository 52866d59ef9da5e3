/* The receive window of one channel (RFC 4254 section 5.2): what the peer may send, what was
 * processed, when more is granted, and how it grows.
 *
 * The owner returns bytes as it processes them. They are granted again in one WINDOW_ADJUST when an
 * eighth of the window has accumulated: rare, and early enough. (At half a window, a sender on a
 * long line that is held up by the window falls into a rhythm in which only half of it is ever
 * under way.)
 *
 * Growth. A round trip is never longer than the time from the confirmation of a channel to the
 * first message on it, or from an adjust to the first byte that could not have been sent without
 * it. Bytes per second times the shortest such time is how much is under way. More than 6/10 of the
 * window, twice in a row: it is what holds the sender up, and doubles, up to the maximum, if the
 * owner's memory budget allows. That takes three round trips, and a long line would be slow for its
 * first second: so when half a window comes in less than half a round trip, its rate says how much
 * the line could hold. If that is more than the window, it is doubled at once; made four times as
 * large where that would still be less, and the round trip is certain.
 *
 * Windows start small, since most channels never carry an upload, and what was granted stays
 * charged to the owner's memory until the peer has used it. The owner can announce that an upload
 * begins or ends: the window then grows at once, before the data, or shrinks.
 *
 * It ends up at one to three times what the line holds, and stays as it is where the line is short
 * or the sender slow. When less than half a window was used in ten seconds it is halved again, down
 * to the start: credit is withheld until enough has accumulated, since what was granted cannot be
 * taken back. */
#ifndef SALLY_SSH_WINDOW_H
#define SALLY_SSH_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How much of the remaining window memory a charge may use: all of it, or one part in this many. A
 * window that grows because it holds its sender up is worth more than one that is made large before
 * an upload begins, perhaps of a small file: of these, a thousand at a time should be about as
 * large as each other. */
enum { WINDOW_ALL = 0, WINDOW_GROWS = 8, WINDOW_EXPECTS = 256 };

struct window_budget { /* the owner's; without functions there are no limits */
    /* NULL: charged. Otherwise the setting that refuses. `part`: see WINDOW_ALL. */
    const char *(*charge)(void *user_data, size_t bytes, uint32_t part);
    void (*release)(void *user_data, size_t bytes);
    void *user_data;
};

struct window {
    uint32_t size;  /* all bytes that the peer may have sent and the owner has not returned; charged
                     * to the budget */
    uint32_t start; /* size at first */
    uint32_t granted; /* what the peer may still send */
    uint32_t owed;    /* given back and not granted again */
    uint64_t received;
    /* The measurement under way: since the adjust at mark_ns. */
    bool marked, arrived;
    uint64_t mark_ns, mark_received;
    uint64_t mark_limit; /* `received` beyond this proves that the adjust has arrived */
    uint64_t trip_ns;    /* the shortest; 0: none yet */
    bool is_measured; /* measured by an adjust; before that, the time may include the peer's delay
                       * in opening the channel */
    uint32_t full_cycles;
    /* Whether such a large window is still needed. */
    uint64_t period_ns, period_received;
    uint32_t surplus; /* credit to withhold */
};

/* NULL: it is open. Otherwise the setting that leaves no room even for `least`, the fallback if
 * there is none for `start`. */
const char *window_open(struct window *w, const struct window_budget *budget, uint32_t start,
                        uint32_t least, uint64_t now_ns);
/* `size` bytes came. False: more than was granted. */
bool window_accept(struct window *w, uint32_t size, uint64_t now_ns);
/* `size` bytes have been processed. */
void window_credit(struct window *w, size_t size);
/* A message sent at `since_ns` was answered now: an upper bound for the round trip. */
void window_note_trip(struct window *w, uint64_t since_ns, uint64_t now_ns);
/* Much data is expected: grows to `size` at once, or as far as the budget allows. */
void window_expect(struct window *w, const struct window_budget *budget, uint32_t size);
/* No more data than the initial window is expected: credit is withheld from now on. */
void window_relax(struct window *w);
/* After a period without data: withholds credit beyond the initial window. */
void window_trim(struct window *w, const struct window_budget *budget);
bool window_is_due(const struct window *w);
/* What to grant now; only when due. */
uint32_t window_adjust(struct window *w, const struct window_budget *budget, uint32_t max,
                       uint64_t now_ns);
void window_close(struct window *w, const struct window_budget *budget);

#endif
