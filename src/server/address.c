#include "server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_PORT 22

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

void address_url(char *out, size_t size, const struct address *a)
{
    bool v6 = strchr(a->text, ':') != NULL;
    snprintf(out, size, "sftp://%s%s%s:%u", v6 ? "[" : "", a->text, v6 ? "]" : "",
             (unsigned)a->port);
}

/* Decimal digits only, to the end of the text. */
static bool parse_decimal(const char *text, uint32_t maximum, uint32_t *value)
{
    uint32_t number = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (uint32_t)(*text - '0');
        if (number > maximum)
            return false;
    }
    *value = number;
    return true;
}

static bool take_host(struct listener_url *out, const char *from, size_t size)
{
    if (size >= HOST_SIZE)
        return false;
    if (size == 1 && from[0] == '*')
        size = 0;
    memcpy(out->host, from, size);
    out->host[size] = '\0';
    return strcspn(out->host, "/@?#[] \t\r\n") == size;
}

static sally_error parse_host_and_port(struct listener_url *out, const char *at, const char **why)
{
    const char *host = at, *end;
    if (*at == '[') {
        host = at + 1;
        end = strchr(host, ']');
        at = end ? end + 1 : host;
        if (!end || memchr(host, ':', (size_t)(end - host)) == NULL) {
            *why = "an IPv6 address stands between [ and ]";
            return SALLY_E_PARSE;
        }
    } else {
        end = at + strcspn(at, ":/");
        at = end;
    }
    if (!take_host(out, host, (size_t)(end - host))) {
        *why = "the host is not a name or address";
        return SALLY_E_PARSE;
    }
    char port[16];
    uint32_t number = DEFAULT_PORT;
    size_t size = strcspn(at, "/");
    if (strcmp(at + size, "/") != 0 && at[size] != '\0') {
        *why = "nothing may follow the port";
        return SALLY_E_PARSE;
    }
    if (size > 0) {
        snprintf(port, sizeof port, "%.*s", (int)(size < sizeof port ? size : sizeof port - 1), at);
        if (port[0] != ':' || size >= sizeof port || !parse_decimal(port + 1, 65535, &number)) {
            *why = "the port is not a number from 0 to 65535";
            return SALLY_E_PARSE;
        }
    }
    out->port = (uint16_t)number;
    return SALLY_E_OK;
}

sally_error listener_url_parse(struct listener_url *out, const char *url, const char **why)
{
    static const char sftp[] = "sftp://", inherited[] = "sftp+fd://";
    memset(out, 0, sizeof *out);
    out->fd = -1;
    if (strncmp(url, inherited, sizeof inherited - 1) == 0) {
        uint32_t fd;
        if (!parse_decimal(url + sizeof inherited - 1, 1u << 20, &fd)) {
            *why = "the number of a descriptor follows sftp+fd://";
            return SALLY_E_PARSE;
        }
        out->fd = (int)fd;
        return SALLY_E_OK;
    }
    if (strncmp(url, sftp, sizeof sftp - 1) == 0)
        return parse_host_and_port(out, url + sizeof sftp - 1, why);
    bool is_url = strstr(url, "://") != NULL;
    *why = is_url ? "only sftp:// is known" : "a URL such as sftp://:2222 is wanted";
    return is_url ? SALLY_E_UNSUPPORTED : SALLY_E_PARSE;
}
