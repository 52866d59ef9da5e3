/* One request and its reply, of which most calls consist. */
#ifndef SALLY_CLIENT_EXCHANGE_H
#define SALLY_CLIENT_EXCHANGE_H

#include "client/connection.h"

/* Builds the request, and then sends it with exchange_ask(). */
struct exchange {
    sally_client *c;
    struct buf *body;
    size_t place;
};

struct exchange exchange_begin(sally_client *c, uint8_t type);
struct exchange exchange_begin_extended(sally_client *c, const char *name);

/* The answer is a STATUS. */
sally_status exchange_ask(const struct exchange *x);
/* SALLY_OK: the answer is of the type `wanted`, and `answer` is what follows its id. */
sally_status exchange_ask_for(const struct exchange *x, uint8_t wanted, struct cursor *answer);
/* The same, but a STATUS with SALLY_OK is accepted too: `*type` is then SSH_FXP_STATUS. */
sally_status exchange_ask_either(const struct exchange *x, uint8_t wanted, uint8_t *type,
                                 struct cursor *answer);

#endif
