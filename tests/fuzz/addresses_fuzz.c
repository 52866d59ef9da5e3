/* URLs of listeners, socket addresses from the system, and the patterns of from=. The first line of
 * the input is a URL, the second one a list of patterns, the rest the bytes of a socket address. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/address_pattern.h"
#include "base/buf.h"
#include "server/listener_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct slice take_line(struct slice *text)
{
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    struct slice line = {text->data, end ? (size_t)(end - text->data) : text->size};
    size_t step = line.size + (end ? 1 : 0);
    text->data = step ? text->data + step : text->data;
    text->size -= step;
    return line;
}

static void check_url(const char *url)
{
    struct listener_url u;
    char why[LISTENER_WHY_SIZE] = "";
    sally_error error = listener_url_parse(&u, url, why);
    require(error == SALLY_E_OK || error == SALLY_E_PARSE || error == SALLY_E_UNSUPPORTED);
    require((error == SALLY_E_OK) == (*why == '\0'));
    require(error || (u.protocol && memchr(u.host, '\0', sizeof u.host)));
    require(error || strcspn(u.host, "/@[] \t\r\n") == strlen(u.host));
}

/* A printed address parses back to the same address. */
static void check_printed(const struct address *a)
{
    static char why[LISTENER_WHY_SIZE];
    struct listener_url u;
    char url[LISTENER_URL_SIZE];
    listener_url_print(url, &protocol_sftp, a);
    require(listener_url_parse(&u, url, why) == SALLY_E_OK);
    require(strcmp(u.host, a->text) == 0 && u.port == a->port && u.fd == -1);
}

/* An address matches itself and its network, and no list that excludes it. */
static void check_patterns(struct slice list, const char *address, const char *network)
{
    char text[3 * ADDRESS_TEXT_SIZE];
    bool v6 = strchr(address, ':') != NULL;
    require(address_list_fits(slice_of(address), address));
    snprintf(text, sizeof text, "%s/%d", address, v6 ? 128 : 32);
    require(address_list_fits(slice_of(text), address));
    snprintf(text, sizeof text, "%s/%d", network, v6 ? 64 : 32);
    require(address_list_fits(slice_of(text), address));
    snprintf(text, sizeof text, "!%s,*", address);
    require(!address_list_fits(slice_of(text), address));
    bool fits = address_list_fits(list, address);
    struct buf more;
    buf_init(&more, list.size + sizeof text);
    put_format(&more, "!%s,", address);
    put_bytes(&more, list.data, list.size);
    require(!more.failed && !address_list_fits(buf_slice(&more), address));
    buf_clear(&more);
    require(address_list_fits(list, address) == fits && !address_list_fits(list, ""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {data, size};
    char *url = slice_strdup(take_line(&rest));
    if (url)
        check_url(url);
    mem_free(url);
    struct slice list = take_line(&rest);
    struct sockaddr_storage from = {0};
    socklen_t from_size = (socklen_t)(rest.size < sizeof from ? rest.size : sizeof from);
    if (from_size < sizeof from.ss_family)
        return 0;
    memcpy(&from, rest.data, from_size);
    from.ss_family = rest.data[0] & 1 ? AF_INET : rest.data[0] & 2 ? AF_INET6 : from.ss_family;
    struct address a;
    char network[ADDRESS_TEXT_SIZE];
    address_of(&a, (const struct sockaddr *)&from, from_size);
    struct ip_address ip = address_ip((const struct sockaddr *)&from, from_size);
    address_network(network, &ip);
    require((*a.text == '\0') == (*network == '\0'));
    if (*a.text) {
        check_printed(&a);
        check_patterns(list, a.text, network);
    }
    return 0;
}
