#include "server/networks.h"

#include "base/mem.h"

/* The weights are chosen so that one address's offences does not get its neighbours refused, but
 * that offences all over a network gets the network refused. */
static const struct {
    uint8_t size, bits;
    uint32_t weight;
} levels[] = {{4, 32, 1}, {4, 24, 16}, {16, 64, 1}, {16, 56, 4}, {16, 48, 16}};

struct networks networks_of(const struct ip_address *address)
{
    struct networks n = {.count = 0};
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (levels[i].size != address->size)
            continue;
        n.at[n.count] = ip_network_of(address, levels[i].bits);
        n.weight[n.count++] = levels[i].weight;
    }
    return n;
}
