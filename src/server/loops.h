/* The server's loops: creating them and their workers, and choosing one for a new connection. */
#ifndef SALLY_SERVER_LOOPS_H
#define SALLY_SERVER_LOOPS_H

#include <pthread.h>
#include <stdbool.h>

#include "loop/loop.h"
#include "sallyport/server.h"
#include "server/heap_trim.h"
#include "server/stalled_ops.h"

/* A loop, and the server's data for it. */
struct server_loop {
    struct loop loop;
    sally_server *server;
    struct list conns; /* struct conn */
    struct heap_trim heap_trim;
    bool has_thread;  /* started by us, */
    pthread_t thread; /* this one, to be joined by the thread that waits for the server */

    /* Under the server's lock. */
    struct task drain; /* makes the loop look at the server's grace_end_ns */
    bool is_drain_queued;
    bool is_over;     /* it will not run again */
    struct task look; /* see stalled_ops.c */
    bool is_look_queued;
    struct stalled_ops stalled;
};

struct server_loop *server_loop_of(struct loop *loop);

/* Under the server's lock: creates the loops and the workers that the settings ask for. */
sally_error loops_make(sally_server *server, bool pumped);
void loops_free(sally_server *server);
/* The least busy loop, for a new connection, which is added to its load; NULL: the server no longer
 * accepts connections, or not yet. Under the server's lock. */
struct server_loop *loops_pick(sally_server *server);

#endif
