/* From the SSH engine's questions about logins to the authenticator and back. */
#ifndef SALLY_SERVER_LOGIN_H
#define SALLY_SERVER_LOGIN_H

#include "server/conn.h"
#include "ssh/auth.h"

/* The engine's event. */
void login_try(struct conn *c, struct ssh_auth *query);
/* The connection is closed: its place among those of its user is free. */
void login_clear(struct conn *c);
/* Nothing of the connection runs any more: what is kept of the login is let go. */
void login_forget(struct conn *c);

#endif
