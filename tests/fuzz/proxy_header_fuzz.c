/* Headers of the PROXY protocol, given byte by byte: the answer changes only from "incomplete" to
 * another, and what comes after a header does not matter. */
#include <stdlib.h>

#include "server/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_whole(struct slice received, const struct proxy_header *h)
{
    struct proxy_header again;
    const char *why;
    require(h->size > 0 && h->size <= received.size && h->size <= PROXY_HEADER_MAX);
    require(h->has_addresses == (h->client.ip.size > 0 && h->server.ip.size > 0));
    received.size = h->size;
    require(proxy_header_parse(received, &again, &why) == PROXY_HEADER_WHOLE);
    require(again.size == h->size && again.client.port == h->client.port);
    received.size--;
    require(proxy_header_parse(received, &again, &why) == PROXY_HEADER_INCOMPLETE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header h;
    const char *why;
    struct slice all = {data, size};
    enum proxy_header_state whole = proxy_header_parse(all, &h, &why);
    if (whole == PROXY_HEADER_WHOLE)
        check_whole(all, &h);
    enum proxy_header_state state = PROXY_HEADER_INCOMPLETE;
    size_t most = size < PROXY_HEADER_MAX ? size : PROXY_HEADER_MAX;
    for (size_t i = 0; i <= most && state == PROXY_HEADER_INCOMPLETE; i++) {
        state = proxy_header_parse((struct slice){data, i}, &h, &why);
        require((state == PROXY_HEADER_INVALID) == (why != NULL));
    }
    require(size > PROXY_HEADER_MAX || state == whole);
    require(size < PROXY_HEADER_MAX || state != PROXY_HEADER_INCOMPLETE);
    return 0;
}
