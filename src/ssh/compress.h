/* Compression: the methods, and the streams of zlib@openssh.com. */
#ifndef SALLY_SSH_COMPRESS_H
#define SALLY_SSH_COMPRESS_H

#include "base/buf.h"
#include "base/cursor.h"

struct transport;

struct compression_method {
    const char *name;
    bool deflates; /* from the end of the login on */
};

/* Rows in the order of preference; NULL after the last one. */
const struct compression_method *compression_method_at(size_t index);
const struct compression_method *compression_method_find(struct slice name);

/* Memory of a stream (zconf.h): 32 KiB and a state; (1 << 17) + (1 << 17) and a state. */
#define INFLATE_BYTES ((size_t)42 * 1024)
#define DEFLATE_BYTES ((size_t)268 * 1024)

struct compressor;
struct compressor *compressor_new(bool deflates);
void compressor_free(struct compressor *c);
/* Appends head + body, deflated and flushed, so that the receiver can inflate all of it. */
bool compressor_deflate(struct compressor *c, struct slice head, struct slice body,
                        struct buf *out);
/* Appends what the packet inflates to, at most out->max bytes. */
bool compressor_inflate(struct compressor *c, struct slice packet, struct buf *out);

/* Starts the negotiated streams, once the login is complete. False: out of memory. */
bool compress_start_in(struct transport *t);
bool compress_start_out(struct transport *t);

#endif
