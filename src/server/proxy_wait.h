/* Waits for the PROXY header of a socket that a trusted proxy has opened. Only then is the client
 * known, so limits, penalties, hooks and the log come after it. */
#ifndef SALLY_SERVER_PROXY_WAIT_H
#define SALLY_SERVER_PROXY_WAIT_H

#include "server/incoming_socket.h"

struct loop;

/* Takes the socket, which is admitted or refused now or later. Of its bytes only the header is
 * taken. On the loop's thread. */
void proxy_wait(const struct incoming_socket *incoming, struct settings *settings,
                struct loop *loop);

#endif
