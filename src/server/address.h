/* Addresses of sockets as text, and listeners' URLs. */
#ifndef SALLY_SERVER_ADDRESS_H
#define SALLY_SERVER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "sallyport/error.h"

#define ADDRESS_TEXT_SIZE 80

/* Numeric; IPv4 inside IPv6 is shown as IPv4. text "" and port 0 for anything but IP. */
struct address {
    char text[ADDRESS_TEXT_SIZE];
    uint16_t port;
};

void address_of(struct address *a, const struct sockaddr *from, socklen_t size);
/* What connections from there are counted under: an IPv4 address, or 64 bits of an IPv6 one; "" for
 * anything else. */
void address_network(char out[ADDRESS_TEXT_SIZE], const struct sockaddr *from, socklen_t size);
/* "sftp://127.0.0.1:22", "sftp://[::1]:22" */
void address_url(char *out, size_t size, const struct address *a);

#define HOST_SIZE 256
struct listener_url {
    char host[HOST_SIZE]; /* "": all addresses of both families */
    uint16_t port;
    int fd; /* of an inherited socket; -1: none */
};

/* SALLY_E_PARSE, SALLY_E_UNSUPPORTED (another scheme); *why is a static sentence then. */
sally_error listener_url_parse(struct listener_url *out, const char *url, const char **why);

#endif
