/* A session of a connection: its host, its engine, and its way to the end. SSH has one for each
 * channel with a subsystem or a command, FTP one for each connection. It outlives whatever its
 * client spoke through until the storage has given its last answer. */
#ifndef SALLY_SERVER_CONN_SESSION_H
#define SALLY_SERVER_CONN_SESSION_H

#include "core/session.h"
#include "server/conn.h"

struct conn_session;

/* The engine that speaks for the session. */
struct conn_session_methods {
    void (*flush)(struct conn_session *s);     /* hands over what it has to send; or NULL */
    void (*input_end)(struct conn_session *s); /* no more will come, any number of times; or NULL */
    void (*trim)(struct conn_session *s);      /* gives unused buffers back; or NULL */
    void (*detach)(struct conn_session *s);    /* lets go of what the client spoke through */
    /* Frees the engine and closes the session; on_gone(s) when that has ended. */
    void (*end)(struct conn_session *s, uint32_t reason, void (*on_gone)(void *user_data));
    void (*free)(struct conn_session *s);
};

enum conn_session_stage {
    SESSION_ATTACHED, /* its client can speak and hear */
    SESSION_DRAINING, /* what came before the client left is still done, and nobody hears of it */
    SESSION_DETACHED, /* the client is gone, and nothing is done any more */
    SESSION_ENDING    /* the engine is gone, and the session on its way out */
};

/* The first member of the engine's own struct. */
struct conn_session {
    const struct conn_session_methods *methods;
    struct session_host host;
    struct conn *conn; /* pinned */
    struct list link;  /* the connection's sessions */
    struct list ready; /* the connection's ready_sessions */
    sally_session *session;
    uint32_t allowed;          /* SALLY_MAY_ bits that the settings leave of the user's */
    struct settings *settings; /* held: the engine borrows its texts */
    enum conn_session_stage stage;
    bool is_finished; /* the engine has done everything */
    size_t owed;      /* bytes that came and that the engine has not done with */
    size_t charged;   /* of the server's memory, for them, when there is no window any more */
    uint32_t files, in_flight; /* as counted in the connection's facts */
};

/* Makes s->session for the user who is logged in, with at most the permissions `allowed`; the rest
 * is zero but for `methods`. False: it cannot be, and the caller frees s. */
bool conn_session_init(struct conn_session *s, struct conn *c, uint32_t allowed);
/* The engine is made, too: the connection has the session from now on. */
void conn_session_start(struct conn_session *s);
/* Instead: the engine could not be made. */
void conn_session_abort(struct conn_session *s);

/* Something has happened to it, so that it is settled in this turn or the next. */
void conn_session_make_ready(struct conn_session *s);
/* What the client spoke through is gone. */
void conn_session_detach(struct conn_session *s);
/* Its engine has done everything. */
void conn_session_finish(struct conn_session *s);

/* Lets those that are ready hand over what they have, and ends those whose clients are gone. */
void conn_sessions_settle(struct conn *c);
/* The same for all: the connection's end decides what becomes of them. */
void conn_sessions_settle_all(struct conn *c);
/* The user's permissions have changed: they hold for the sessions that there are. */
void conn_sessions_permit(struct conn *c);
/* Ends what is draining: it has had its time. */
void conn_sessions_give_up(struct conn *c);
bool conn_sessions_are_draining(const struct conn *c);
void conn_sessions_trim(struct conn *c);
bool conn_sessions_are_attached(const struct conn *c);
/* No operation runs and no file is open. */
bool conn_sessions_are_idle(const struct conn *c);

#endif
