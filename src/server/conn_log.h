/* A connection's log sink. Since anyone can cause any number of lines about clients that have not
 * logged in, only some of them are written (log_limit.h), and sums of the others every ten seconds.
 */
#ifndef SALLY_SERVER_CONN_LOG_H
#define SALLY_SERVER_CONN_LOG_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/log.h"
#include "loop/member.h"
#include "loop/task.h"
#include "sallyport/server.h"
#include "server/log_limit.h"

struct conn;
struct loop;
struct settings;

struct conn_log {
    struct log_limit limit;    /* guarded by the log's lock, like is_due */
    bool is_due;               /* sums will be logged */
    struct task task;          /* tells the first loop that there are some */
    struct loop_member member; /* on it: for the deadline */
};

/* Lives on the loop until the loop drains. False: out of memory. */
bool conn_log_join(struct conn_log *log, struct loop *loop);
/* Logs the current sums. */
void conn_log_tell(sally_server *server);

/* Sets up the connection's log sink. */
void conn_log_init(struct conn *c);

/* A peer that is not a connection yet, on a running server. */
struct conn_log_peer {
    sally_server *server;
    const struct settings *settings; /* NULL: its lines are not limited */
    struct ip_address ip;
};

/* Sets up a sink for lines about it, limited likewise. It borrows `peer`. */
void conn_log_init_peer(struct log_sink *sink, const struct conn_log_peer *peer);

#endif
