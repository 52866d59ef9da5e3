/* The protocols that the server speaks: one row each. */
#ifndef SALLY_SERVER_PROTOCOLS_H
#define SALLY_SERVER_PROTOCOLS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"

struct conn;
struct line;

struct protocol {
    const char *name; /* as in sally_peer.protocol; the scheme of its listeners' URLs */
    uint16_t port;    /* if a URL names none */
    /* Creates the engine on a new connection, on its loop. SALLY_E_NO_MEMORY and others. */
    sally_error (*line_new)(struct line **out, struct conn *c);
};

/* In server/ssh. */
extern const struct protocol protocol_sftp;

/* NULL after the last one. */
const struct protocol *protocol_at(size_t index);
/* The protocol whose name is these `size` characters; NULL: there is none. */
const struct protocol *protocol_find(const char *name, size_t size);
/* "sftp://, ftp://": for messages. */
void protocols_list(char *out, size_t size);

#endif
