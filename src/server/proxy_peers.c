#include "server/proxy_peers.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"

enum proxy_mode proxy_mode_of(const struct settings *settings)
{
    const char *text = settings->server.proxy_protocol;
    return strcmp(text, "required") == 0   ? PROXY_REQUIRED
           : strcmp(text, "optional") == 0 ? PROXY_OPTIONAL
                                           : PROXY_OFF;
}

bool proxy_is_trusted(const struct settings *settings, const struct ip_address *ip, bool is_unix)
{
    struct slice list = slice_of(settings->server.proxy_trusted), text;
    struct ip_network network;
    bool trusted = false;
    while (!trusted && names_next(&list, &text)) {
        if (slice_is(text, "unix"))
            trusted = is_unix;
        else
            trusted = ip->size && ip_network_parse(text, &network) && ip_network_has(&network, ip);
    }
    return trusted;
}

sally_error proxy_check(const struct settings *settings, char why[SETTINGS_WHY_SIZE])
{
    enum proxy_mode mode = proxy_mode_of(settings);
    if (mode == PROXY_OFF || settings->server.proxy_trusted[0])
        return SALLY_E_OK;
    snprintf(why, SETTINGS_WHY_SIZE,
             "server.proxy_protocol is \"%s\", but server.proxy_trusted is empty, so %s; set "
             "server.proxy_trusted first, to the addresses of the proxies, such as 192.0.2.10 or "
             "10.0.0.0/8",
             settings->server.proxy_protocol,
             mode == PROXY_REQUIRED ? "every connection would be refused"
                                    : "no header would be trusted");
    return SALLY_E_RANGE;
}
