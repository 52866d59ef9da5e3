/* Runs a server until it ends, and handles signals. */
#ifndef SALLYPORT_RUNNING_H
#define SALLYPORT_RUNNING_H

#include <stdbool.h>

#include "sallyport/server.h"
#include "screen.h"

/* Blocks the signals that end the server, in this thread and all that it creates: they are waited
 * for, not handled. To be called before the first thread is created. */
void running_block_signals(void);

/* Starts the server, shows its transfers if `live`, and returns the exit status when it has
 * ended. */
int running_serve(sally_server *server, struct screen *screen, bool live, bool quiet);

#endif
