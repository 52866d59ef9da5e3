/* Where to listen: a URL whose scheme is a protocol's name. */
#ifndef SALLY_SERVER_LISTENER_URL_H
#define SALLY_SERVER_LISTENER_URL_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "server/address.h"
#include "server/protocols.h"

#define HOST_SIZE         256
#define LISTENER_URL_SIZE (ADDRESS_TEXT_SIZE + 32)

struct listener_url {
    const struct protocol *protocol;
    char host[HOST_SIZE]; /* "": all addresses of both families */
    uint16_t port;
    int fd; /* of an inherited socket; -1: none */
};

/* SALLY_E_PARSE, SALLY_E_UNSUPPORTED (another scheme); `why` then explains it in a sentence. */
#define LISTENER_WHY_SIZE 160
sally_error listener_url_parse(struct listener_url *out, const char *url,
                               char why[LISTENER_WHY_SIZE]);

/* "sftp://127.0.0.1:22", "sftp://[::1]:22" */
void listener_url_print(char out[LISTENER_URL_SIZE], const struct protocol *protocol,
                        const struct address *a);

#endif
