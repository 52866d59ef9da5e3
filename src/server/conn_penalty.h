/* What strangers' connections did, and what it costs their addresses (penalties.h); and how long
 * the answer to a wrong password is kept back. */
#ifndef SALLY_SERVER_CONN_PENALTY_H
#define SALLY_SERVER_CONN_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "sallyport/server.h"
#include "server/penalties.h"

struct conn;
struct login_query;
struct protocol;
struct service_source;

/* Of one connection, until it has logged in. */
struct conduct {
    struct penalty_charge charge; /* for failed logins */
    uint32_t failed_passwords;
    bool is_charged;
    bool asked_for_key; /* one that is of no use */
    bool changed_user;  /* since it was charged: a login does not make up for the failure */
};

/* Before anything is made of a connection that has come to `source`: whether its address is
 * refused. It is counted as refused, but there is no line about it in the log: the penalty has one.
 */
bool conn_penalty_refuses(sally_server *server, struct service_source *source,
                          const struct protocol *protocol, const struct ip_address *ip);

/* A query is about to be answered "no". Returns for how long the answer is kept back. */
uint64_t conn_penalty_rejected(struct conn *c, const struct login_query *query);
void conn_penalty_user_changed(struct conn *c);
void conn_penalty_logged_in(struct conn *c);
/* It is over, and c->end_reason says why. */
void conn_penalty_ended(struct conn *c);

#endif
