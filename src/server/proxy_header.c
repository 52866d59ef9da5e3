#include "server/proxy_header.h"

#include <string.h>

#define LINE_MAX_BYTES 107 /* of version 1, with its CR and LF */
#define BINARY_HEAD    16  /* of version 2: all before the addresses */

static const uint8_t line_start[] = "PROXY ";
static const uint8_t binary_start[] = "\r\n\r\n\0\r\nQUIT\n";

static enum proxy_header_state invalid(const char **why, const char *text)
{
    *why = text;
    return PROXY_HEADER_INVALID;
}

/* Whether what has come so far begins like `start`. */
static bool may_begin_with(struct slice received, const uint8_t *start, size_t size)
{
    size_t known = received.size < size ? received.size : size;
    return known == 0 || memcmp(received.data, start, known) == 0;
}

/* ---- Version 1 ---- */

/* The text up to the next space, or all that is left. */
static struct slice next_word(struct slice *line)
{
    const uint8_t *space = line->size ? memchr(line->data, ' ', line->size) : NULL;
    struct slice word = {line->data, space ? (size_t)(space - line->data) : line->size};
    size_t step = word.size + (space ? 1 : 0);
    line->data = step ? line->data + step : line->data;
    line->size -= step;
    return word;
}

/* "Heading zeroes are not permitted", nor is anything else but digits. */
static bool parse_port(struct slice text, uint16_t *port)
{
    uint32_t value = 0;
    if (text.size == 0 || text.size > 5 || (text.size > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text.data[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

static bool parse_ip(struct slice text, bool is_v6, struct ip_address *ip)
{
    bool has_colon = text.size && memchr(text.data, ':', text.size);
    bool has_zone = text.size && memchr(text.data, '%', text.size);
    return has_colon == is_v6 && !has_zone && ip_parse(text, ip);
}

static bool parse_addresses(struct slice line, bool is_v6, struct proxy_header *out)
{
    struct slice client = next_word(&line), server = next_word(&line);
    struct slice client_port = next_word(&line), server_port = line;
    out->has_addresses = true;
    return parse_ip(client, is_v6, &out->client.ip) && parse_ip(server, is_v6, &out->server.ip) &&
           parse_port(client_port, &out->client.port) && parse_port(server_port, &out->server.port);
}

static enum proxy_header_state parse_line(struct slice received, struct proxy_header *out,
                                          const char **why)
{
    size_t looked = received.size < LINE_MAX_BYTES ? received.size : LINE_MAX_BYTES;
    const uint8_t *end = memchr(received.data, '\r', looked);
    if (!end && looked < LINE_MAX_BYTES)
        return PROXY_HEADER_INCOMPLETE;
    if (!end)
        return invalid(why, "PROXY line without an end");
    size_t size = (size_t)(end - received.data);
    if (size + 1 == looked && looked < LINE_MAX_BYTES)
        return PROXY_HEADER_INCOMPLETE;
    if (size + 1 == looked || end[1] != '\n')
        return invalid(why, "CR without LF in a PROXY line");
    struct slice line = {received.data, size};
    next_word(&line); /* "PROXY" */
    struct slice family = next_word(&line);
    bool is_v6 = slice_is(family, "TCP6");
    out->size = size + 2;
    if (slice_is(family, "UNKNOWN"))
        return PROXY_HEADER_WHOLE;
    if (!is_v6 && !slice_is(family, "TCP4"))
        return invalid(why, "unknown family in a PROXY line");
    return parse_addresses(line, is_v6, out) ? PROXY_HEADER_WHOLE
                                             : invalid(why, "malformed address in a PROXY line");
}

/* ---- Version 2 ---- */

static uint16_t get_port(struct cursor *c)
{
    uint16_t high = get_u8(c);
    return (uint16_t)(high << 8 | get_u8(c));
}

static struct ip_address get_ip(struct cursor *c, uint8_t size)
{
    struct slice bytes = get_bytes(c, size);
    return c->bad ? (struct ip_address){.size = 0} : ip_from_bytes(bytes.data, size);
}

static bool get_addresses(struct cursor c, uint8_t ip_size, struct proxy_header *out)
{
    out->client.ip = get_ip(&c, ip_size);
    out->server.ip = get_ip(&c, ip_size);
    out->client.port = get_port(&c);
    out->server.port = get_port(&c);
    out->has_addresses = true;
    return !c.bad; /* additional values may follow */
}

static enum proxy_header_state parse_binary(struct slice received, struct proxy_header *out,
                                            const char **why)
{
    enum { LOCAL = 0x20, PROXY = 0x21 }; /* version 2 and a command */
    enum { TCP_OVER_IPV4 = 0x11, TCP_OVER_IPV6 = 0x21 };
    struct cursor c = cursor_of_slice(received);
    get_bytes(&c, sizeof binary_start - 1);
    uint8_t command = get_u8(&c), family = get_u8(&c);
    size_t size = get_port(&c); /* a length, in the same form */
    if (c.bad)
        return PROXY_HEADER_INCOMPLETE;
    if (command != LOCAL && command != PROXY)
        return invalid(why, "unknown version or command in a PROXY header");
    if (command == PROXY && (family >> 4 > 3 || (family & 15) > 2))
        return invalid(why, "unknown family or protocol in a PROXY header");
    if (BINARY_HEAD + size > PROXY_HEADER_MAX)
        return invalid(why, "PROXY header too long");
    struct slice rest = get_bytes(&c, size);
    if (c.bad)
        return PROXY_HEADER_INCOMPLETE;
    out->size = BINARY_HEAD + size;
    if (command == LOCAL || (family != TCP_OVER_IPV4 && family != TCP_OVER_IPV6))
        return PROXY_HEADER_WHOLE;
    uint8_t ip_size = family == TCP_OVER_IPV4 ? 4 : 16;
    return get_addresses(cursor_of_slice(rest), ip_size, out)
               ? PROXY_HEADER_WHOLE
               : invalid(why, "PROXY header too short for its addresses");
}

enum proxy_header_state proxy_header_parse(struct slice received, struct proxy_header *out,
                                           const char **why)
{
    *out = (struct proxy_header){.size = 0};
    *why = NULL;
    if (received.size == 0)
        return PROXY_HEADER_INCOMPLETE;
    bool may_be_line = may_begin_with(received, line_start, sizeof line_start - 1);
    bool may_be_binary = may_begin_with(received, binary_start, sizeof binary_start - 1);
    if (may_be_line && received.size >= sizeof line_start - 1)
        return parse_line(received, out, why);
    if (may_be_binary && received.size >= sizeof binary_start - 1)
        return parse_binary(received, out, why);
    return may_be_line || may_be_binary ? PROXY_HEADER_INCOMPLETE : PROXY_HEADER_NONE;
}
