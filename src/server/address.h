/* Socket addresses. */
#ifndef SALLY_SERVER_ADDRESS_H
#define SALLY_SERVER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/ip.h"

#define ADDRESS_TEXT_SIZE 80

/* Numeric; IPv4 inside IPv6 is shown as IPv4. text "" and port 0 for anything but IP. */
struct address {
    char text[ADDRESS_TEXT_SIZE];
    uint16_t port;
};

void address_of(struct address *a, const struct sockaddr *from, socklen_t size);
/* Its size is 0 unless it is an IP address. */
struct ip_address address_ip(const struct sockaddr *from, socklen_t size);

/* The same for an address and a port from elsewhere. */
void address_from_ip(struct address *a, const struct ip_address *ip, uint16_t port);

/* The key for counting connections from there: an IPv4 address, or 64 bits of an IPv6 one; "" for
 * anything else. */
void address_network(char out[ADDRESS_TEXT_SIZE], const struct ip_address *ip);

#endif
