#include "auth/address_pattern.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/names.h"

struct address {
    uint8_t bytes[16];
    size_t size; /* 4 or 16; 0: not an address */
};

static struct address address_parse(struct slice text)
{
    struct address a = {{0}, 0};
    char copy[INET6_ADDRSTRLEN];
    const uint8_t *zone = text.size ? memchr(text.data, '%', text.size) : NULL;
    size_t size = zone ? (size_t)(zone - text.data) : text.size;
    if (size == 0 || size >= sizeof copy)
        return a;
    memcpy(copy, text.data, size);
    copy[size] = '\0';
    if (slice_has_nul(text))
        return a;
    if (inet_pton(AF_INET, copy, a.bytes) == 1) {
        a.size = 4;
    } else if (inet_pton(AF_INET6, copy, a.bytes) == 1) {
        a.size = 16;
        static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        if (memcmp(a.bytes, mapped, sizeof mapped) ==
            0) { /* an IPv4 client on a socket of both families */
            memmove(a.bytes, a.bytes + 12, 4);
            a.size = 4;
        }
    }
    return a;
}

/* -1: no number from 0 to `max`. */
static int number(struct slice text, int max)
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

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

enum fit { FITS_NOT, FITS, BROKEN };

static enum fit network_fits(struct slice network, struct slice bits_text,
                             const struct address *address)
{
    struct address net = address_parse(network);
    int bits = net.size ? number(bits_text, (int)net.size * 8) : -1;
    if (bits < 0)
        return BROKEN;
    /* Bits below the mask are a slip of the pen that would let in more, or others, than was meant.
     */
    for (unsigned i = (unsigned)bits; i < net.size * 8; i++) {
        if (net.bytes[i / 8] & (0x80u >> i % 8))
            return BROKEN;
    }
    return net.size == address->size && same_bits(net.bytes, address->bytes, (unsigned)bits)
               ? FITS
               : FITS_NOT;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Linear in the product of the lengths at worst: only the last star is ever gone back to. */
static bool wildcard_fits(struct slice pattern, struct slice text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size &&
                   (pattern.data[p] == '?' || lower(pattern.data[p]) == lower(text.data[t]))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

static enum fit entry_fits(struct slice entry, struct slice text, const struct address *address)
{
    const uint8_t *slash = entry.size ? memchr(entry.data, '/', entry.size) : NULL;
    if (slash) {
        size_t before = (size_t)(slash - entry.data);
        struct slice network = {entry.data, before};
        struct slice bits = {slash + 1, entry.size - before - 1};
        return network_fits(network, bits, address);
    }
    struct address one = address_parse(entry);
    if (one.size)
        return one.size == address->size && memcmp(one.bytes, address->bytes, one.size) == 0
                   ? FITS
                   : FITS_NOT;
    return wildcard_fits(entry, text) ? FITS : FITS_NOT;
}

bool address_list_fits(struct slice list, const char *address)
{
    struct address parsed = address_parse(slice_of(address));
    if (!parsed.size)
        return false; /* nobody knows where the client is */
    char text[INET6_ADDRSTRLEN];
    if (!inet_ntop(parsed.size == 4 ? AF_INET : AF_INET6, parsed.bytes, text, sizeof text))
        return false;
    bool fits = false;
    struct slice entry;
    while (names_next(&list, &entry)) {
        bool excludes = entry.size && entry.data[0] == '!';
        if (excludes) {
            entry.data++;
            entry.size--;
        }
        if (entry.size == 0) /* a comma too many */
            continue;
        enum fit fit = entry_fits(entry, slice_of(text), &parsed);
        if (fit == BROKEN || (fit == FITS && excludes))
            return false;
        fits = fits || fit == FITS;
    }
    return fits;
}
