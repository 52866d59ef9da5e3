#include "server/listener_url.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void listener_url_print(char out[LISTENER_URL_SIZE], const struct protocol *protocol,
                        const struct address *a)
{
    bool v6 = strchr(a->text, ':') != NULL;
    snprintf(out, LISTENER_URL_SIZE, "%s://%s%s%s:%u", protocol->name, v6 ? "[" : "", a->text,
             v6 ? "]" : "", (unsigned)a->port);
}

static sally_error fail(char why[LISTENER_WHY_SIZE], const char *text)
{
    snprintf(why, LISTENER_WHY_SIZE, "%s", text);
    return SALLY_E_PARSE;
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

static bool copy_host(struct listener_url *out, const char *from, size_t size)
{
    if (size >= HOST_SIZE)
        return false;
    if (size == 1 && from[0] == '*')
        size = 0;
    memcpy(out->host, from, size);
    out->host[size] = '\0';
    return strcspn(out->host, "/@?#[] \t\r\n") == size;
}

static sally_error parse_host_and_port(struct listener_url *out, const char *at,
                                       char why[LISTENER_WHY_SIZE])
{
    const char *host = at, *end;
    if (*at == '[') {
        host = at + 1;
        end = strchr(host, ']');
        at = end ? end + 1 : host;
        if (!end || memchr(host, ':', (size_t)(end - host)) == NULL) {
            return fail(why, "an IPv6 address must be enclosed in [ and ]");
        }
    } else {
        end = at + strcspn(at, ":/");
        at = end;
    }
    if (!copy_host(out, host, (size_t)(end - host))) {
        return fail(why, "the host is not a name or address");
    }
    char port[16];
    uint32_t number = out->protocol->port;
    size_t size = strcspn(at, "/");
    if (strcmp(at + size, "/") != 0 && at[size] != '\0') {
        return fail(why, "unexpected text after the port");
    }
    if (size > 0) {
        snprintf(port, sizeof port, "%.*s", (int)(size < sizeof port ? size : sizeof port - 1), at);
        if (port[0] != ':' || size >= sizeof port || !parse_decimal(port + 1, 65535, &number)) {
            return fail(why, "the port is not a number from 0 to 65535");
        }
    }
    out->port = (uint16_t)number;
    return SALLY_E_OK;
}

/* "+fd" after a protocol's name: an inherited socket. */
static const char inherited[] = "+fd";

static const struct protocol *parse_scheme(const char *url, size_t size, bool *is_inherited)
{
    size_t mark = sizeof inherited - 1;
    *is_inherited = size > mark && memcmp(url + size - mark, inherited, mark) == 0;
    return protocol_find(url, *is_inherited ? size - mark : size);
}

static sally_error parse_fd(struct listener_url *out, const char *text, char why[LISTENER_WHY_SIZE])
{
    uint32_t fd;
    if (!parse_decimal(text, 1u << 20, &fd)) {
        snprintf(why, LISTENER_WHY_SIZE, "a descriptor number must follow %s%s://",
                 out->protocol->name, inherited);
        return SALLY_E_PARSE;
    }
    out->fd = (int)fd;
    return SALLY_E_OK;
}

sally_error listener_url_parse(struct listener_url *out, const char *url,
                               char why[LISTENER_WHY_SIZE])
{
    const char *mark = strstr(url, "://");
    bool is_inherited = false;
    memset(out, 0, sizeof *out);
    out->fd = -1;
    if (!mark)
        return fail(why, "give a URL such as sftp://:2222");
    out->protocol = parse_scheme(url, (size_t)(mark - url), &is_inherited);
    if (!out->protocol) {
        char known[64];
        protocols_list(known, sizeof known);
        snprintf(why, LISTENER_WHY_SIZE, "unknown protocol; use %s", known);
        return SALLY_E_UNSUPPORTED;
    }
    const char *rest = mark + strlen("://");
    return is_inherited ? parse_fd(out, rest, why) : parse_host_and_port(out, rest, why);
}
