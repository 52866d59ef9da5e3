/* An address and the networks around it. One sender may have a whole IPv6 network of 48 bits to
 * himself, so what is held against an address is held against them, too: but less, since others may
 * live there. */
#ifndef SALLY_SERVER_NETWORKS_H
#define SALLY_SERVER_NETWORKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

/* Narrowest first: an IPv4 address and its network of 24 bits; IPv6 networks of 64, 56 and 48
 * bits. What an IPv6 client has within 64 bits it chooses itself. */
#define NETWORKS_MAX 3

struct networks {
    struct ip_network at[NETWORKS_MAX];
    uint32_t weight[NETWORKS_MAX]; /* as many addresses' worth as it may take */
    size_t count;                  /* 0: no IP address */
};

struct networks networks_of(const struct ip_address *address);

#endif
