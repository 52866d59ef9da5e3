#include "auth/address_pattern.h"

#include <string.h>

#include "base/ip.h"
#include "base/names.h"

enum fit { FITS_NOT, FITS, BROKEN };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* At worst linear in the product of the lengths: only the last star needs backtracking. */
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

static enum fit entry_fits(struct slice entry, struct slice text, const struct ip_address *address)
{
    struct ip_network network;
    if (ip_network_parse(entry, &network))
        return ip_network_has(&network, address) ? FITS : FITS_NOT;
    if (entry.size && memchr(entry.data, '/', entry.size))
        return BROKEN;
    return wildcard_fits(entry, text) ? FITS : FITS_NOT;
}

bool address_list_fits(struct slice list, const char *address)
{
    struct ip_address parsed;
    if (!ip_parse(slice_of(address), &parsed))
        return false; /* the client's address is unknown */
    char text[IP_TEXT_SIZE];
    ip_print(&parsed, text);
    bool fits = false;
    struct slice entry;
    while (names_next(&list, &entry)) {
        bool excludes = entry.size && entry.data[0] == '!';
        if (excludes) {
            entry.data++;
            entry.size--;
        }
        if (entry.size == 0) /* an extra comma */
            continue;
        enum fit fit = entry_fits(entry, slice_of(text), &parsed);
        if (fit == BROKEN || (fit == FITS && excludes))
            return false;
        fits = fits || fit == FITS;
    }
    return fits;
}
