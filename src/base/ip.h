/* IP addresses and networks as numbers, and as text. */
#ifndef SALLY_BASE_IP_H
#define SALLY_BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"

/* An address, "/" and three digits, NUL. */
#define IP_TEXT_SIZE 52

/* IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) count as IPv4: dual-stack sockets show IPv4
 * clients that way. */
struct ip_address {
    uint8_t bytes[16]; /* those past `size` are 0 */
    uint8_t size;      /* 4 or 16; 0: not an IP address */
};

struct ip_network {
    struct ip_address address; /* 0 after the first `bits` bits */
    uint8_t bits;
};

struct ip_address ip_from_bytes(const uint8_t *bytes, uint8_t size);
/* Numeric; a zone after % is ignored. False: not an address. */
bool ip_parse(struct slice text, struct ip_address *out);
/* ADDRESS/BITS, or an address alone. False: it is neither, or has bits set after the first BITS,
 * which must be a mistake. */
bool ip_network_parse(struct slice text, struct ip_network *out);

/* `bits` is at most the address's number of bits. */
struct ip_network ip_network_of(const struct ip_address *address, uint8_t bits);
bool ip_network_has(const struct ip_network *network, const struct ip_address *address);
bool ip_network_equal(const struct ip_network *a, const struct ip_network *b);

/* "" for no address. */
void ip_print(const struct ip_address *address, char out[IP_TEXT_SIZE]);
/* A single address as such, a network as ADDRESS/BITS. */
void ip_network_print(const struct ip_network *network, char out[IP_TEXT_SIZE]);

#endif
