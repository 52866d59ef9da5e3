#include "client/exchange.h"

#include "client/parse.h"
#include "sftp/protocol.h"

struct single {
    struct call call; /* first */
    uint8_t type;
};

struct exchange exchange_begin(sally_client *c, uint8_t type)
{
    struct exchange x = {.c = c};
    x.body = connection_begin(c, type, &x.place);
    return x;
}

struct exchange exchange_begin_extended(sally_client *c, const char *name)
{
    struct exchange x = exchange_begin(c, SSH_FXP_EXTENDED);
    put_text(x.body, name);
    return x;
}

static void keep(sally_client *c, struct call *call, uint8_t type, struct cursor body)
{
    struct single *s = CONTAINER_OF(call, struct single, call);
    struct slice rest = cursor_rest(&body);
    s->type = type;
    put_bytes(&c->answer, rest.data, rest.size);
}

sally_status exchange_ask_either(const struct exchange *x, uint8_t wanted, uint8_t *type,
                                 struct cursor *answer)
{
    sally_client *c = x->c;
    struct single s = {.call = {.on_answer = keep, .opens = wanted == SSH_FXP_HANDLE}};
    buf_reset(&c->answer);
    sally_status status = connection_send(c, x->place, &s.call);
    if (status == SALLY_OK)
        status = connection_await(c, &s.call);
    if (status != SALLY_OK)
        return status;
    if (c->answer.failed)
        return connection_no_memory(c);
    *type = s.type;
    *answer = cursor_of_slice(buf_slice(&c->answer));
    if (s.type == SSH_FXP_STATUS)
        return parse_status(c, *answer);
    return s.type == wanted ? SALLY_OK : connection_malformed(c, "of an unexpected type");
}

sally_status exchange_ask_for(const struct exchange *x, uint8_t wanted, struct cursor *answer)
{
    uint8_t type = 0;
    sally_status status = exchange_ask_either(x, wanted, &type, answer);
    if (status == SALLY_OK && type != wanted)
        return connection_malformed(x->c, "success without the requested data");
    return status;
}

sally_status exchange_ask(const struct exchange *x)
{
    struct cursor answer;
    return exchange_ask_for(x, SSH_FXP_STATUS, &answer);
}
