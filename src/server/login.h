/* Carries an engine's login queries to the authenticator, and the answers back. */
#ifndef SALLY_SERVER_LOGIN_H
#define SALLY_SERVER_LOGIN_H

#include "base/login_query.h"
#include "server/conn.h"

/* The engine's event: answers the query, now or later. */
void login_try(struct conn *c, struct login_query *query);
/* The connection is closed: its place among those of its user is free. */
void login_clear(struct conn *c);
/* Nothing of the connection runs any more: what is kept of the login is let go. */
void login_forget(struct conn *c);

#endif
