/* The header that a proxy sends before a connection's own bytes to report the client's address: the
 * PROXY protocol, versions 1 (a line of text) and 2 (binary). */
#ifndef SALLY_SERVER_PROXY_HEADER_H
#define SALLY_SERVER_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/ip.h"

/* Bytes of the largest header that is accepted: addresses, and additional values (TLVs) of version
 * 2, all of which are ignored. */
#define PROXY_HEADER_MAX 4096

struct proxy_end {
    struct ip_address ip; /* no IP address: see has_addresses */
    uint16_t port;
};

struct proxy_header {
    size_t size; /* bytes of it; what follows is the connection's own */
    /* False: the proxy's own connection, such as a health check, or without an address. Then the
     * socket's addresses are used. */
    bool has_addresses;
    struct proxy_end client, server;
};

enum proxy_header_state {
    PROXY_HEADER_WHOLE,
    PROXY_HEADER_INCOMPLETE, /* more bytes are required */
    PROXY_HEADER_NONE,       /* the bytes are not a header */
    PROXY_HEADER_INVALID     /* they begin like one, but are invalid; `*why` explains */
};

/* `received`: the first bytes of a connection. `*why` is static. */
enum proxy_header_state proxy_header_parse(struct slice received, struct proxy_header *out,
                                           const char **why);

#endif
