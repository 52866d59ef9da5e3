#include "client/hello.h"

#include "client/parse.h"
#include "sftp/protocol.h"

/* The most announced data that is kept. */
#define MAX_PAIRS 256

struct greeting {
    struct call call; /* first */
    sally_error error;
};

static sally_error keep_pairs(sally_client *c, struct cursor *body)
{
    const struct cursor start = *body;
    size_t count = 0;
    for (; cursor_left(body) && count < MAX_PAIRS; count++) {
        get_string(body);
        get_string(body);
    }
    if (!cursor_done(body))
        return SALLY_E_PROTOCOL;
    *body = start;
    c->pairs = arena_alloc(&c->pair_texts, (count + 1) * sizeof *c->pairs);
    if (!c->pairs)
        return SALLY_E_NO_MEMORY;
    for (; c->pair_count < count; c->pair_count++) {
        sally_pair *pair = &c->pairs[c->pair_count];
        struct slice name = get_string(body), data = get_string(body);
        char *copy = arena_alloc(&c->pair_texts, data.size + 1);
        if (slice_has_nul(name))
            return SALLY_E_PROTOCOL;
        pair->name = parse_text(name, &c->pair_texts);
        if (!pair->name || !copy)
            return SALLY_E_NO_MEMORY;
        if (data.size)
            memcpy(copy, data.data, data.size);
        copy[data.size] = '\0';
        pair->data = copy;
        pair->size = data.size;
    }
    return SALLY_E_OK;
}

static void on_version(sally_client *c, struct call *call, uint8_t type, struct cursor body)
{
    struct greeting *g = CONTAINER_OF(call, struct greeting, call);
    uint32_t version = get_u32(&body);
    if (body.bad || type != SSH_FXP_VERSION || version < SFTP_FIRST_VERSION ||
        version > c->version) {
        g->error = SALLY_E_PROTOCOL;
        return;
    }
    c->version = version;
    c->is_started = true;
    g->error = keep_pairs(c, &body);
}

sally_error hello(sally_client *c)
{
    struct greeting g = {.call = {.on_answer = on_version}};
    size_t place;
    put_u32(connection_begin(c, SSH_FXP_INIT, &place), c->version);
    sally_status status = connection_send(c, place, &g.call);
    if (status != SALLY_OK)
        return SALLY_E_NO_MEMORY;
    status = connection_await(c, &g.call);
    switch (status) {
    case SALLY_OK:
        return g.error;
    case SALLY_PENDING:
        return SALLY_E_LIMIT;
    case SALLY_BAD_MESSAGE:
        return SALLY_E_PROTOCOL;
    default:
        return SALLY_E_CLOSED;
    }
}
