/* The SSH engine on a connection. */
#ifndef SALLY_SERVER_SSH_LINE_H
#define SALLY_SERVER_SSH_LINE_H

#include "server/conn.h"
#include "ssh/ssh.h"

struct ssh_line {
    struct line line;
    struct conn *conn;
    struct ssh *ssh;
    struct settings *settings; /* held: the engine borrows the texts that it began with */
    struct list inline_jobs;   /* struct job: to be run after the engine's turn */
    bool engine_pending;       /* something was handed to the engine since it last ran */
};

#endif
