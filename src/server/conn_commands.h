/* Orders to a connection, from any thread: they travel to its loop. */
#ifndef SALLY_SERVER_CONN_COMMANDS_H
#define SALLY_SERVER_CONN_COMMANDS_H

#include <stdint.h>

#include "sallyport/server.h"

enum conn_command {
    CONN_COMMAND_DISCONNECT, /* value: the text for the client */
    CONN_COMMAND_REKEY,
    CONN_COMMAND_SET,   /* name and value of a setting, which were checked */
    CONN_COMMAND_PERMIT /* permissions */
};

/* Texts are copied; what the kind does not need is NULL or 0. SALLY_E_NOT_FOUND: no connection has
 * this number, or it has ended. Failures have a text (server_fail). */
sally_error conn_command_send(sally_server *server, uint64_t id, enum conn_command kind,
                              const char *name, const char *value, uint32_t permissions);

#endif
