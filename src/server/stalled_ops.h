/* Stalled operations: those that keep a server from ending because a storage or an authenticator
 * does not answer. The library cannot force an answer, so after a while (limits.storage_time) it
 * stops waiting and reports them. Callers may wait again. */
#ifndef SALLY_SERVER_STALLED_OPS_H
#define SALLY_SERVER_STALLED_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "sallyport/server.h"

struct server_loop;

/* How long a caller has waited since the last answer. All zero at first. */
struct stall_timer {
    bool is_begun;
    uint64_t since_ns, answered;
};

/* A report of stalled operations. */
#define STALLED_TEXT_SIZE 400
struct stalled_ops {
    uint32_t count;
    uint32_t named;               /* how many of these are in the text */
    char text[STALLED_TEXT_SIZE]; /* separated by commas */
};

/* When to call this again at the latest; DEADLINE_NONE: no limit; 0: the time is up. Under the
 * server's lock. */
uint64_t stall_timer_next(sally_server *server, struct stall_timer *p, uint64_t now_ns);

/* Asks all loops what they wait for; they have a short time to report. False: nothing. Under the
 * server's lock, which is released meanwhile. */
bool stalled_ops_collect(sally_server *server, struct stalled_ops *stalled);
/* The same for one loop, on its thread. */
void stalled_ops_of_loop(struct server_loop *loop, struct stalled_ops *stalled);
/* Keeps the text for sally_server_error(), and logs it. Returns SALLY_E_BUSY. */
sally_error stalled_ops_report(sally_server *server, const struct stalled_ops *stalled);

#endif
