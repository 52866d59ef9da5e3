#include "client/script_transport.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "client/client.h"

struct script_transport {
    struct client_transport transport; /* first */
    const uint8_t *bytes;
    size_t size;     /* left of them */
    size_t released; /* may be received now */
    uint8_t head[4]; /* of the client's request that is arriving */
    size_t head_size;
    uint64_t body; /* left of it */
};

static struct script_transport *of(struct client_transport *transport)
{
    return CONTAINER_OF(transport, struct script_transport, transport);
}

static void release(struct script_transport *s)
{
    struct cursor c = cursor_of(s->bytes + s->released, s->size - s->released);
    size_t size = 4 + (size_t)get_u32(&c);
    size_t left = s->size - s->released;
    s->released += c.bad || size > left ? left : size;
}

static bool script_send(struct client_transport *transport, const void *data, size_t size,
                        size_t *taken)
{
    struct script_transport *s = of(transport);
    struct cursor c = cursor_of(data, size);
    while (cursor_left(&c)) {
        if (s->body) {
            size_t part = cursor_left(&c) < s->body ? cursor_left(&c) : (size_t)s->body;
            cursor_read(&c, part);
            s->body -= part;
            if (s->body == 0)
                release(s);
            continue;
        }
        s->head[s->head_size++] = get_u8(&c);
        if (s->head_size == sizeof s->head) {
            s->body = wire_get_u32(s->head);
            s->head_size = 0;
        }
    }
    *taken = size;
    return true;
}

static size_t script_receive(struct client_transport *transport, const void **data)
{
    struct script_transport *s = of(transport);
    *data = s->bytes;
    return s->released;
}

static void script_received(struct client_transport *transport, size_t size)
{
    struct script_transport *s = of(transport);
    s->bytes = size ? s->bytes + size : s->bytes;
    s->size -= size;
    s->released -= size;
}

static void script_end(struct client_transport *transport)
{
    struct script_transport *s = of(transport);
    s->size = s->released;
}

static bool script_is_done(struct client_transport *transport)
{
    return of(transport)->released == 0;
}

static sally_session *script_session(struct client_transport *transport)
{
    (void)transport;
    return NULL;
}

static void script_free(struct client_transport *transport)
{
    mem_free(of(transport));
}

static const struct client_transport_methods methods = {
    .send = script_send,
    .receive = script_receive,
    .received = script_received,
    .end = script_end,
    .is_done = script_is_done,
    .session = script_session,
    .free = script_free,
};

struct client_transport *script_transport_new(const void *bytes, size_t size)
{
    struct script_transport *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    s->transport.methods = &methods;
    s->bytes = bytes;
    s->size = size;
    return &s->transport;
}

sally_client *script_client(const void *bytes, size_t size, const sally_client_options *options,
                            sally_error *error)
{
    sally_client *c;
    *error = client_make(&c, options);
    if (*error)
        return NULL;
    c->transport = script_transport_new(bytes, size);
    *error = c->transport ? client_greet(c) : SALLY_E_NO_MEMORY;
    connection_leave(c, SALLY_OK);
    if (!*error)
        return c;
    sally_client_free(c);
    return NULL;
}
