/* Carries an engine's login queries to the authenticator, and the answers back. */
#ifndef SALLY_SERVER_LOGIN_H
#define SALLY_SERVER_LOGIN_H

#include "base/login_query.h"
#include "server/conn.h"

/* The engine's event: answers the query, now or later. */
void login_try(struct conn *c, struct login_query *query);
/* When login_tick() is wanted; DEADLINE_NONE: never. */
uint64_t login_deadline(const struct conn *c);
void login_tick(struct conn *c, uint64_t now_ns);
/* The connection has ended: discards a delayed answer. */
void login_stop_keeping(struct conn *c);
/* The connection is closed: its place among those of its user is free. */
void login_clear(struct conn *c);
/* Nothing of the connection is running: releases what is kept of the login. */
void login_forget(struct conn *c);

#endif
