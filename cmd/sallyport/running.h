/* A server from its start to its end, and the signals that come meanwhile. */
#ifndef SALLYPORT_RUNNING_H
#define SALLYPORT_RUNNING_H

#include <stdbool.h>

#include "sallyport/server.h"
#include "screen.h"

/* Blocks the signals that end the server in this thread and all that it makes: they are waited for,
 * never handled. Before the first thread is made. */
void running_block_signals(void);

/* Starts the server, shows its transfers when `live`, and returns an exit status after it has
 * ended. */
int running_serve(sally_server *server, struct screen *screen, bool live, bool quiet);

#endif
