/* A client's request to begin a session on a channel: the program's hooks decide whether it may,
 * and who serves it. */
#ifndef SALLY_SERVER_SSH_SESSION_REQUEST_H
#define SALLY_SERVER_SSH_SESSION_REQUEST_H

#include "server/ssh/line.h"

/* The SSH engine's events (user_data: the line). */
enum ssh_answer session_request_subsystem(void *user_data, struct ssh_channel *channel,
                                          struct slice name);
enum ssh_answer session_request_exec(void *user_data, struct ssh_channel *channel,
                                     struct slice command);

#endif
