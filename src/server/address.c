#include "server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* The address proper, with IPv4 taken out of its IPv6 wrapping. NULL: no IP. */
static const void *bytes_of(const struct sockaddr *from, socklen_t size, int *family,
                            uint16_t *port)
{
    if (from->sa_family == AF_INET && size >= (socklen_t)sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;
        *family = AF_INET;
        *port = ntohs(in->sin_port);
        return &in->sin_addr;
    }
    if (from->sa_family == AF_INET6 && size >= (socklen_t)sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)from;
        *port = ntohs(in->sin6_port);
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in->sin6_addr);
        *family = mapped ? AF_INET : AF_INET6;
        return mapped ? &in->sin6_addr.s6_addr[12] : in->sin6_addr.s6_addr;
    }
    return NULL;
}

void address_of(struct address *a, const struct sockaddr *from, socklen_t size)
{
    memset(a, 0, sizeof *a);
    int family = AF_UNSPEC;
    const void *bytes = bytes_of(from, size, &family, &a->port);
    if (bytes)
        (void)inet_ntop(family, bytes, a->text, sizeof a->text);
}

void address_network(char out[ADDRESS_TEXT_SIZE], const struct sockaddr *from, socklen_t size)
{
    out[0] = '\0';
    int family = AF_UNSPEC;
    uint16_t port;
    const void *bytes = bytes_of(from, size, &family, &port);
    if (!bytes)
        return;
    uint8_t network[16] = {0};
    memcpy(network, bytes, family == AF_INET ? 4 : 8);
    (void)inet_ntop(family, network, out, ADDRESS_TEXT_SIZE);
}
