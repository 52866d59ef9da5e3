/* Compression (RFC 4253 section 6.2): the methods, and the streams of zlib@openssh.com
 * (draft-miller-secsh-compression-delayed). */
#include "ssh/compress.h"

#include <zlib.h>

#include "base/mem.h"
#include "ssh/transport.h"

#define GROWTH 4096u

/* Not "zlib", which would expose the decompressor to clients before login. */
static const struct compression_method methods[] = {
    {"none", false},
    {"zlib@openssh.com", true},
};

const struct compression_method *compression_method_at(size_t index)
{
    return index < COUNT_OF(methods) ? &methods[index] : NULL;
}

const struct compression_method *compression_method_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (slice_is(name, methods[i].name))
            return &methods[i];
    return NULL;
}

const char *ssh_compression_at(size_t index)
{
    const struct compression_method *method = compression_method_at(index);
    return method ? method->name : NULL;
}

struct compressor {
    z_stream stream;
    bool deflates;
};

static void *zlib_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return mem_array(count, size);
}

static void zlib_free(void *opaque, void *address)
{
    (void)opaque;
    mem_free(address);
}

struct compressor *compressor_new(bool deflates)
{
    struct compressor *c = mem_zalloc(sizeof *c);
    if (!c)
        return NULL;
    c->stream.zalloc = zlib_alloc;
    c->stream.zfree = zlib_free;
    c->deflates = deflates;
    int result =
        deflates ? deflateInit(&c->stream, Z_DEFAULT_COMPRESSION) : inflateInit(&c->stream);
    if (result == Z_OK)
        return c;
    mem_free(c);
    return NULL;
}

void compressor_free(struct compressor *c)
{
    if (!c)
        return;
    if (c->deflates)
        deflateEnd(&c->stream);
    else
        inflateEnd(&c->stream);
    mem_free(c);
}

static void set_input(z_stream *z, struct slice data)
{
    z->next_in = (Bytef *)(uintptr_t)data.data; /* zlib only reads it */
    z->avail_in = (uInt)data.size;
}

/* Room at the end of `out` for what the stream has next: what is there, or a little more, up to the
 * maximum. */
static bool set_output(z_stream *z, struct buf *out)
{
    size_t left = out->max - out->size;
    size_t size = out->capacity - out->start - out->size;
    if (size == 0)
        size = GROWTH;
    if (size > left)
        size = left;
    z->next_out = size ? buf_reserve(out, size) : NULL;
    z->avail_out = (uInt)size;
    return z->next_out != NULL;
}

bool compressor_deflate(struct compressor *c, struct slice head, struct slice body, struct buf *out)
{
    z_stream *z = &c->stream;
    const struct slice pieces[] = {head, body};
    for (size_t i = 0; i < 2; i++) {
        /* Section 6.2: everything is flushed at the end of a packet. */
        int flush = i == 1 ? Z_PARTIAL_FLUSH : Z_NO_FLUSH;
        set_input(z, pieces[i]);
        do {
            if (!set_output(z, out))
                return false;
            size_t room = z->avail_out;
            int result = deflate(z, flush);
            buf_commit(out, room - z->avail_out);
            if (result != Z_OK &&
                result != Z_BUF_ERROR) /* the latter: there was nothing left to do */
                return false;
        } while (z->avail_in || z->avail_out == 0);
    }
    return true;
}

bool compressor_inflate(struct compressor *c, struct slice packet, struct buf *out)
{
    z_stream *z = &c->stream;
    set_input(z, packet);
    for (;;) {
        /* At the maximum, the bits of the flush may remain, but any further byte means a
         * decompression bomb. */
        uint8_t surplus;
        bool full = out->size == out->max;
        if (full) {
            z->next_out = &surplus;
            z->avail_out = 1;
        } else if (!set_output(z, out)) {
            return false;
        }
        size_t room = z->avail_out;
        int result = inflate(z, Z_SYNC_FLUSH);
        size_t got = room - z->avail_out;
        if (full && got)
            return false;
        buf_commit(out, got);
        if (result == Z_BUF_ERROR && z->avail_in == 0)
            return true;
        if (result != Z_OK)
            return false;
        if (z->avail_in == 0 && z->avail_out != 0)
            return true;
    }
}

static bool start(struct direction *d, bool deflates)
{
    bool wanted = d->compression && d->compression->deflates;
    compressor_free(d->compressor);
    d->compressor = wanted ? compressor_new(deflates) : NULL;
    return !wanted || d->compressor;
}

bool compress_start_in(struct transport *t)
{
    return start(&t->in, false);
}

bool compress_start_out(struct transport *t)
{
    return start(&t->out, true);
}
