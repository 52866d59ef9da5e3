/* Tells the program's hooks about the events of a connection. Sets of hooks are called in order of
 * registration, at the end in reverse order. On the connection's loop. */
#ifndef SALLY_SERVER_CONN_HOOKS_H
#define SALLY_SERVER_CONN_HOOKS_H

#include <stdbool.h>

#include "sallyport/hooks.h"

struct conn;

/* False: a hook refuses it. */
bool conn_hooks_requested(struct conn *c);
void conn_hooks_connected(struct conn *c);
/* False: a hook refuses it. */
bool conn_hooks_version_received(struct conn *c, const char *line);
void conn_hooks_keys_exchanged(struct conn *c, const char *algorithms);
void conn_hooks_authenticated(struct conn *c, const sally_auth_event *event);
void conn_hooks_disconnected(struct conn *c);

#endif
