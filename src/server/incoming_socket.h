/* A socket that a listener has accepted, or that the program passes in, before it becomes a
 * connection. */
#ifndef SALLY_SERVER_INCOMING_SOCKET_H
#define SALLY_SERVER_INCOMING_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "sallyport/server.h"
#include "server/protocols.h"
#include "server/proxy_header.h"
#include "settings/settings.h"

struct incoming_socket {
    sally_server *server;
    sally_listener *listener; /* not held; NULL: passed in by the program */
    const char *url;          /* the listener's, kept by the server; "" */
    const struct protocol *protocol;
    int fd;
    struct ip_address ip;       /* the socket's peer: a proxy, if there is one */
    bool is_proxy;              /* it is trusted to report the client's address, */
    struct proxy_header header; /* and has reported it, if has_addresses */
};

/* Whose it is, for limits and penalties. */
const struct ip_address *incoming_socket_client(const struct incoming_socket *a);

/* Each of them takes the socket. */

/* Makes it a connection, and sends that to a loop, unless a limit or a penalty refuses it. */
void incoming_socket_admit(const struct incoming_socket *a);
/* Closes it, counts it as refused, and logs why. */
void incoming_socket_refuse(const struct incoming_socket *a, const struct settings *settings,
                            uint32_t level, const char *why);

#endif
