/* A server that says what a test wants, and a client that listens to it. */
#ifndef TEST_CLIENT_SCRIPT_TRANSPORT_H
#define TEST_CLIENT_SCRIPT_TRANSPORT_H

#include "client/transport.h"
#include "sallyport/client.h"

/* The bytes are packets. Each request releases the next one; after the last one the server hangs
 * up. A packet that is cut short comes as it is. They must outlive the line; NULL: memory is short.
 */
struct client_transport *script_transport_new(const void *bytes, size_t size);

/* A client of that server: NULL with the error. */
sally_client *script_client(const void *bytes, size_t size, const sally_client_options *options,
                            sally_error *error);

#endif
