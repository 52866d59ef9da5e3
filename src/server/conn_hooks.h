/* Tells the program's hooks about the events of a connection. Sets of hooks are called in order of
 * registration, at the end in reverse order. On the connection's loop. */
#ifndef SALLY_SERVER_CONN_HOOKS_H
#define SALLY_SERVER_CONN_HOOKS_H

#include <stdbool.h>

#include "base/cursor.h"
#include "sallyport/hooks.h"

struct conn;

/* False: a hook refuses it. */
bool conn_hooks_requested(struct conn *c);
void conn_hooks_connected(struct conn *c);
/* False: a hook refuses it. */
bool conn_hooks_version_received(struct conn *c, const char *line);
void conn_hooks_keys_exchanged(struct conn *c, const char *algorithms);
void conn_hooks_authenticated(struct conn *c, const sally_auth_event *event);
/* False: a hook refuses it, or there is no memory to ask. `kind`: SALLY_SESSION_ value. */
bool conn_hooks_session_requested(struct conn *c, uint32_t kind, struct slice name);
void conn_hooks_problem(struct conn *c, sally_error code, int system_error, const char *text);
/* The same if the connection ends because of one. */
void conn_hooks_end_problem(struct conn *c);
void conn_hooks_disconnected(struct conn *c);

#endif
