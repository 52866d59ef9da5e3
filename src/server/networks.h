/* An address and the networks around it. One sender may control a whole IPv6 /48 network, so
 * penalties and limits apply to the networks as well, but less strictly, since others may use them.
 */
#ifndef SALLY_SERVER_NETWORKS_H
#define SALLY_SERVER_NETWORKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

/* Narrowest first: an IPv4 address and its /24; the IPv6 /64, /56 and /48. An IPv6 client chooses
 * its address within a /64 itself. */
#define NETWORKS_MAX 3

struct networks {
    struct ip_network at[NETWORKS_MAX];
    uint32_t weight[NETWORKS_MAX]; /* how many addresses' share it may take */
    size_t count;                  /* 0: no IP address */
};

struct networks networks_of(const struct ip_address *address);

#endif
