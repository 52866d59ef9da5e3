/* Notifies the program's hooks of the events of a connection. Sets of hooks are called in order of
 * registration, at the end in reverse order. On the connection's loop. */
#ifndef SALLY_SERVER_CONN_HOOKS_H
#define SALLY_SERVER_CONN_HOOKS_H

#include <stdbool.h>

#include "sallyport/hooks.h"

struct conn;

/* The questions of hook_question.h. Their argument: none; the identification line; a
 * sally_session_request. */
sally_status conn_hooks_ask_admission(const sally_hooks *set, struct conn *c, const void *unused);
sally_status conn_hooks_ask_version(const sally_hooks *set, struct conn *c, const void *line);
sally_status conn_hooks_ask_session(const sally_hooks *set, struct conn *c, const void *request);
/* Whether anybody is asked about sessions. */
bool conn_hooks_watch_sessions(const struct conn *c);
void conn_hooks_connected(struct conn *c);
void conn_hooks_keys_exchanged(struct conn *c, const char *algorithms);
void conn_hooks_authenticated(struct conn *c, const sally_auth_event *event);
void conn_hooks_problem(struct conn *c, sally_error code, int system_error, const char *text);
/* The same if the connection ends because of one. */
void conn_hooks_end_problem(struct conn *c);
void conn_hooks_disconnected(struct conn *c);

#endif
