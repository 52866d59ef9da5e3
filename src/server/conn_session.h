/* A session of a connection: its host, its engine, and how it ends. SSH has one for each channel
 * with a subsystem or a command, FTP one for each connection. It may outlive the channel or
 * connection that its client used, until the storage has given its last answer. */
#ifndef SALLY_SERVER_CONN_SESSION_H
#define SALLY_SERVER_CONN_SESSION_H

#include "core/session.h"
#include "server/conn.h"

struct conn_session;

/* What the session's engine does. */
struct conn_session_methods {
    void (*flush)(struct conn_session *s);     /* sends its output; or NULL */
    void (*input_end)(struct conn_session *s); /* no more input; may be repeated; or NULL */
    void (*trim)(struct conn_session *s);      /* frees unused buffers; or NULL */
    void (*detach)(struct conn_session *s);    /* drops what the client was connected by */
    /* Frees the engine and closes the session; on_closed(s) is called when that has ended. */
    void (*end)(struct conn_session *s, uint32_t reason, void (*on_closed)(void *user_data));
    void (*free)(struct conn_session *s);
};

enum conn_session_stage {
    CONN_SESSION_ATTACHED, /* its client can send and receive */
    CONN_SESSION_DRAINING, /* earlier requests are still carried out; replies are discarded */
    CONN_SESSION_DETACHED, /* the client is gone, and nothing more is done */
    CONN_SESSION_ENDING    /* the engine is gone, and the session is ending */
};

/* The first member of the engine's own struct. */
struct conn_session {
    const struct conn_session_methods *methods;
    struct session_host host;
    struct conn *conn; /* pinned */
    struct list link;  /* the connection's sessions */
    struct list ready; /* the connection's ready_sessions */
    sally_session *session;
    struct settings *settings; /* held: the engine borrows its texts */
    enum conn_session_stage stage;
    bool is_finished;          /* the engine has done everything */
    bool is_busy;              /* until then: also without operations and files */
    size_t owed;               /* bytes received that the engine has not finished with */
    size_t charged;            /* of the connection's memory: for itself, and for these once
                                  there is no window */
    uint32_t files, in_flight; /* as counted in the connection's facts */
};

/* Creates s->session for the logged-in user, with at most the permissions `allowed` (what the
 * settings leave of the user's), whatever the program sets later; the rest of *s is zero except
 * `methods`. False: it failed, and the caller frees s. */
bool conn_session_init(struct conn_session *s, struct conn *c, uint32_t allowed);
/* The engine exists, too: the connection owns the session from now on. */
void conn_session_start(struct conn_session *s);
/* Call this instead if the engine could not be created. */
void conn_session_abort(struct conn_session *s);

/* Something has happened to the session: it is settled in this turn or the next. */
void conn_session_make_ready(struct conn_session *s);
/* The channel or connection that the client used is gone. */
void conn_session_detach(struct conn_session *s);
/* Its engine has done everything. */
void conn_session_finish(struct conn_session *s);

/* Delivers completed operations to the sessions, until the turn is over. */
void conn_sessions_deliver(struct conn *c);
/* Lets sessions that are ready hand over what they have, and ends those whose clients are gone. */
void conn_sessions_settle(struct conn *c);
/* The same for all: the connection's end decides what becomes of them. */
void conn_sessions_settle_all(struct conn *c);
/* There may be memory again for sessions that wait for it. */
void conn_sessions_resume(struct conn *c);
/* The turn is over: what it kept from starting is tried again in the next one. */
void conn_sessions_interrupt(struct conn *c);
/* The user's permissions have changed: applies them to the existing sessions. */
void conn_sessions_permit(struct conn *c);
/* Ends the sessions that are draining: their time is up. */
void conn_sessions_give_up(struct conn *c);
bool conn_sessions_are_draining(const struct conn *c);
void conn_sessions_trim(struct conn *c);
bool conn_sessions_are_attached(const struct conn *c);
/* No operation runs and no file is open. */
bool conn_sessions_are_idle(const struct conn *c);

#endif
