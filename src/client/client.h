/* A client over any connection. */
#ifndef SALLY_CLIENT_CLIENT_H
#define SALLY_CLIENT_CLIENT_H

#include "client/connection.h"

/* Without a connection, which must be set before client_greet(). */
sally_error client_make(sally_client **out, const sally_client_options *options);
/* Negotiates a version with the server. */
sally_error client_greet(sally_client *c);

#endif
