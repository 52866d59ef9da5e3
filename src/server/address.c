#include "server/address.h"

#include <netinet/in.h>

#include "server/networks.h"

struct ip_address address_ip(const struct sockaddr *from, socklen_t size)
{
    if (from->sa_family == AF_INET && size >= (socklen_t)sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;
        return ip_from_bytes((const uint8_t *)&in->sin_addr, 4);
    }
    if (from->sa_family == AF_INET6 && size >= (socklen_t)sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)from;
        return ip_from_bytes(in6->sin6_addr.s6_addr, 16);
    }
    return (struct ip_address){.size = 0};
}

static uint16_t port_of(const struct sockaddr *from)
{
    return ntohs(from->sa_family == AF_INET
                     ? ((const struct sockaddr_in *)(const void *)from)->sin_port
                     : ((const struct sockaddr_in6 *)(const void *)from)->sin6_port);
}

void address_from_ip(struct address *a, const struct ip_address *ip, uint16_t port)
{
    ip_print(ip, a->text);
    a->port = ip->size ? port : 0;
}

void address_of(struct address *a, const struct sockaddr *from, socklen_t size)
{
    struct ip_address ip = address_ip(from, size);
    address_from_ip(a, &ip, ip.size ? port_of(from) : 0);
}

void address_network(char out[ADDRESS_TEXT_SIZE], const struct ip_address *ip)
{
    struct networks networks = networks_of(ip);
    out[0] = '\0';
    if (networks.count)
        ip_print(&networks.at[0].address, out);
}
