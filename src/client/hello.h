/* INIT and VERSION. */
#ifndef SALLY_CLIENT_HELLO_H
#define SALLY_CLIENT_HELLO_H

#include "client/connection.h"

/* Negotiates the version, on a new connection. */
sally_error hello(sally_client *c);

#endif
