/* The other end as the client sees it: bytes out, bytes in. Tests can put a hostile server
 * there. */
#ifndef SALLY_CLIENT_TRANSPORT_H
#define SALLY_CLIENT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "sallyport/op.h"

struct client_transport;

struct client_transport_methods {
    /* Passes bytes to the server, and lets it continue: also called with size 0. It may accept only
     * some. False: it accepts no more, but may still have output. */
    bool (*send)(struct client_transport *transport, const void *data, size_t size, size_t *taken);
    /* The next bytes from the server, valid until the next call; 0: none now. */
    size_t (*receive)(struct client_transport *transport, const void **data);
    /* `size` bytes of these were used. */
    void (*received)(struct client_transport *transport, size_t size);
    /* The client will send no more. */
    void (*end)(struct client_transport *transport);
    /* After the end: whether the server has finished. */
    bool (*is_done)(struct client_transport *transport);
    sally_session *(*session)(struct client_transport *transport); /* NULL: none */
    /* The connection is lost, unless it had ended. */
    void (*free)(struct client_transport *transport);
};

struct client_transport {
    const struct client_transport_methods *methods;
};

#endif
