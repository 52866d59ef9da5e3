#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"

struct ip_address ip_from_bytes(const uint8_t *bytes, uint8_t size)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct ip_address a = {{0}, 0};
    if (size == 16 && memcmp(bytes, mapped, sizeof mapped) == 0) {
        bytes += sizeof mapped;
        size = 4;
    }
    memcpy(a.bytes, bytes, size);
    a.size = size;
    return a;
}

bool ip_parse(struct slice text, struct ip_address *out)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    const uint8_t *zone = text.size ? memchr(text.data, '%', text.size) : NULL;
    size_t size = zone ? (size_t)(zone - text.data) : text.size;
    *out = (struct ip_address){{0}, 0};
    if (size == 0 || size >= sizeof copy || slice_has_nul(text))
        return false;
    memcpy(copy, text.data, size);
    copy[size] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1)
        *out = ip_from_bytes(bytes, 4);
    else if (inet_pton(AF_INET6, copy, bytes) == 1)
        *out = ip_from_bytes(bytes, 16);
    return out->size > 0;
}

/* -1: not a number from 0 to `max`. */
static int parse_bits(struct slice text, int max)
{
    int value = 0;
    if (text.size == 0 || text.size > 3)
        return -1;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value <= max ? value : -1;
}

bool ip_network_parse(struct slice text, struct ip_network *out)
{
    const uint8_t *slash = text.size ? memchr(text.data, '/', text.size) : NULL;
    struct slice before = {text.data, slash ? (size_t)(slash - text.data) : text.size};
    struct ip_address address;
    if (!ip_parse(before, &address))
        return false;
    int bits = address.size * 8;
    if (slash) {
        struct slice number = {slash + 1, text.size - before.size - 1};
        bits = parse_bits(number, bits);
    }
    if (bits < 0)
        return false;
    *out = ip_network_of(&address, (uint8_t)bits);
    return memcmp(out->address.bytes, address.bytes, sizeof address.bytes) == 0;
}

struct ip_network ip_network_of(const struct ip_address *address, uint8_t bits)
{
    struct ip_network n = {*address, bits};
    for (unsigned i = 0; i < sizeof n.address.bytes; i++) {
        unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
        if (kept < 8)
            n.address.bytes[i] &= (uint8_t)(0xff00u >> kept);
    }
    return n;
}

bool ip_network_has(const struct ip_network *network, const struct ip_address *address)
{
    if (address->size == 0 || address->size != network->address.size)
        return false;
    struct ip_network around = ip_network_of(address, network->bits);
    return ip_network_equal(&around, network);
}

bool ip_network_equal(const struct ip_network *a, const struct ip_network *b)
{
    return a->bits == b->bits && a->address.size == b->address.size &&
           memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes) == 0;
}

void ip_print(const struct ip_address *address, char out[IP_TEXT_SIZE])
{
    out[0] = '\0';
    if (address->size)
        (void)inet_ntop(address->size == 4 ? AF_INET : AF_INET6, address->bytes, out, IP_TEXT_SIZE);
}

void ip_network_print(const struct ip_network *network, char out[IP_TEXT_SIZE])
{
    ip_print(&network->address, out);
    size_t used = strlen(out);
    if (used && network->bits < network->address.size * 8)
        snprintf(out + used, IP_TEXT_SIZE - used, "/%u", network->bits);
}
