/* INIT and VERSION. */
#ifndef SALLY_CLIENT_HELLO_H
#define SALLY_CLIENT_HELLO_H

#include "client/connection.h"

/* The line is there, and nothing was sent. Afterwards the version is agreed on. */
sally_error hello(sally_client *c);

#endif
