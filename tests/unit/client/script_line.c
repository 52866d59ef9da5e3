#include "client/script_line.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "client/client.h"

struct script_line {
    struct line line; /* first */
    const uint8_t *bytes;
    size_t size;     /* left of them */
    size_t released; /* may be received now */
    uint8_t head[4]; /* of the client's request that is arriving */
    size_t head_size;
    uint64_t body; /* left of it */
};

static struct script_line *of(struct line *line)
{
    return CONTAINER_OF(line, struct script_line, line);
}

static void release(struct script_line *s)
{
    struct cursor c = cursor_of(s->bytes + s->released, s->size - s->released);
    size_t size = 4 + (size_t)get_u32(&c);
    size_t left = s->size - s->released;
    s->released += c.bad || size > left ? left : size;
}

static bool script_send(struct line *line, const void *data, size_t size, size_t *taken)
{
    struct script_line *s = of(line);
    struct cursor c = cursor_of(data, size);
    while (cursor_left(&c)) {
        if (s->body) {
            size_t part = cursor_left(&c) < s->body ? cursor_left(&c) : (size_t)s->body;
            cursor_take(&c, part);
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

static size_t script_receive(struct line *line, const void **data)
{
    struct script_line *s = of(line);
    *data = s->bytes;
    return s->released;
}

static void script_received(struct line *line, size_t size)
{
    struct script_line *s = of(line);
    s->bytes = size ? s->bytes + size : s->bytes;
    s->size -= size;
    s->released -= size;
}

static void script_end(struct line *line)
{
    struct script_line *s = of(line);
    s->size = s->released;
}

static bool script_is_done(struct line *line)
{
    return of(line)->released == 0;
}

static sally_session *script_session(struct line *line)
{
    (void)line;
    return NULL;
}

static void script_free(struct line *line)
{
    mem_free(of(line));
}

static const struct line_methods methods = {
    .send = script_send,
    .receive = script_receive,
    .received = script_received,
    .end = script_end,
    .is_done = script_is_done,
    .session = script_session,
    .free = script_free,
};

struct line *script_line_new(const void *bytes, size_t size)
{
    struct script_line *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    s->line.methods = &methods;
    s->bytes = bytes;
    s->size = size;
    return &s->line;
}

sally_client *script_client(const void *bytes, size_t size, const sally_client_options *options,
                            sally_error *error)
{
    sally_client *c;
    *error = client_make(&c, options);
    if (*error)
        return NULL;
    c->line = script_line_new(bytes, size);
    *error = c->line ? client_greet(c) : SALLY_E_NO_MEMORY;
    connection_leave(c, SALLY_OK);
    if (!*error)
        return c;
    sally_client_free(c);
    return NULL;
}
