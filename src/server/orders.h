/* Orders to a connection, from any thread: they travel to its loop. */
#ifndef SALLY_SERVER_ORDERS_H
#define SALLY_SERVER_ORDERS_H

#include <stdint.h>

#include "sallyport/server.h"

enum order_kind {
    ORDER_DISCONNECT, /* value: the text for the client */
    ORDER_REKEY,
    ORDER_SET,   /* name and value of a setting, which were checked */
    ORDER_PERMIT /* permissions */
};

/* Texts are copied; what the kind does not need is NULL or 0. SALLY_E_NOT_FOUND: no connection has
 * this number, or it has ended. Failures have a text (server_fail). */
sally_error order_send(sally_server *server, uint64_t id, enum order_kind kind, const char *name,
                       const char *value, uint32_t permissions);

#endif
