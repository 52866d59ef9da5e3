/* Penalties for what connections do before login (penalties.h), and the delay before a wrong
 * password is rejected. */
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
struct login_offences {
    struct penalty_charge charge; /* for failed logins */
    uint32_t failed_passwords;
    bool is_charged;
    bool asked_for_key; /* one that is of no use */
    bool is_of_proxy;   /* a trusted proxy's own, such as a health check */
    bool changed_user;  /* since it was charged: a login does not make up for the failure */
};

/* Whether the address of a new connection to `source` is refused; called before anything is
 * allocated for it. Refused connections are counted but not logged: the penalty is. */
bool conn_penalty_refuses(sally_server *server, struct service_source *source,
                          const struct protocol *protocol, const struct ip_address *ip);

/* A query is about to be rejected. Returns for how long to delay the answer. */
uint64_t conn_penalty_rejected(struct conn *c, const struct login_query *query);
void conn_penalty_user_changed(struct conn *c);
void conn_penalty_logged_in(struct conn *c);
/* The connection has ended; c->end_reason says why. */
void conn_penalty_ended(struct conn *c);

#endif
