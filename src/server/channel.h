/* An SSH channel with the sftp subsystem: joins the channel, the SFTP engine and its session, and
 * is that session's host. */
#ifndef SALLY_SERVER_CHANNEL_H
#define SALLY_SERVER_CHANNEL_H

#include "core/session.h"
#include "server/conn.h"
#include "sftp/sftp.h"

struct channel {
    struct session_host host;
    struct conn *conn;               /* pinned */
    struct list link;                /* the connection's channels */
    struct ssh_channel *ssh_channel; /* NULL: it is closed */
    struct sftp *sftp;               /* NULL: it is closed, and the session is ending */
    sally_session *session;
    struct settings *settings; /* held: the engine borrows its texts */
};

/* The engine's events (user_data: the connection). */
void channel_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size);
void channel_eof(void *user_data, struct ssh_channel *channel);
void channel_closed(void *user_data, struct ssh_channel *channel);

/* Starts a session on the channel. False: it cannot be. */
bool channel_open(struct conn *c, struct ssh_channel *channel);
/* Lets the sessions' engines hand over what they have, and ends those whose channels are closed. */
void channels_settle(struct conn *c);
void channels_trim(struct conn *c);
bool channels_are_open(const struct conn *c);
/* No operation runs and no file is open. */
bool channels_are_idle(const struct conn *c);

/* Whose operation it is. Any thread, as long as the operation is at hand. */
struct conn *channel_conn_of(struct op *op);
/* Home: an operation of some session has come home. */
void conn_deliver(struct op *op);

#endif
