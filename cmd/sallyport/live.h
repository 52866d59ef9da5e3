/* The running transfers, at the bottom of the terminal. */
#ifndef SALLYPORT_LIVE_H
#define SALLYPORT_LIVE_H

#include "sallyport/server.h"
#include "screen.h"

struct live;

struct live *live_new(sally_server *server, struct screen *screen); /* NULL: no memory */
void live_update(struct live *live, uint64_t now_ns);               /* monotonic */
void live_free(struct live *live);

/* The number of clients that are transferring files, or were a moment ago. */
size_t live_transfers(sally_server *server);

#endif
