/* A client over any line. */
#ifndef SALLY_CLIENT_CLIENT_H
#define SALLY_CLIENT_CLIENT_H

#include "client/connection.h"

/* Without a line; it is to be set before client_greet(). */
sally_error client_make(sally_client **out, const sally_client_options *options);
/* Agrees on a version with what is at the other end. */
sally_error client_greet(sally_client *c);

#endif
