/* An SSH channel with the sftp subsystem or a command: joins the channel, the engine for it and its
 * session, and is that session's host. */
#ifndef SALLY_SERVER_SSH_CHANNEL_H
#define SALLY_SERVER_SSH_CHANNEL_H

#include "core/session.h"
#include "server/conn.h"

struct channel;

/* What runs on a channel. */
struct channel_kind {
    /* What is left of the user's permissions by the settings; NULL: all. */
    uint32_t (*permissions)(const struct settings *s);
    /* Makes ch->engine over ch->session, which is the engine's from then on, unless it fails. */
    sally_error (*make)(struct channel *ch, struct slice command);
    void (*input)(struct channel *ch, const uint8_t *data, size_t size);
    void (*eof)(struct channel *ch);
    void (*flush)(struct channel *ch);
    void (*trim)(struct channel *ch);
    /* Frees the engine; on_gone(ch): the session is gone too. */
    void (*end)(struct channel *ch, uint32_t reason, void (*on_gone)(void *user_data));
};

extern const struct channel_kind channel_sftp, channel_exec;

struct channel {
    struct session_host host;
    struct conn *conn;               /* pinned */
    struct list link;                /* the connection's channels */
    struct ssh_channel *ssh_channel; /* NULL: it is closed */
    const struct channel_kind *kind;
    void *engine;     /* the kind's */
    bool is_finished; /* the engine has done everything */
    /* The peer has closed the channel, or is gone: what came before that is still done, and nobody
     * hears of it. */
    bool is_draining;
    bool is_ending; /* the engine is closed, and the session on its way out */
    size_t owed;    /* bytes that came and that the engine has not done with */
    size_t charged; /* of the server's memory, for them, when there is no window any more */
    sally_session *session;
    struct settings *settings; /* held: the engine borrows its texts */
    struct charset *charset;   /* of file names: ours, and the engine borrows it; NULL: none */
};

/* The engine's events (user_data: the connection). */
void channel_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size);
void channel_eof(void *user_data, struct ssh_channel *channel);
void channel_closed(void *user_data, struct ssh_channel *channel);

/* What engines tell (user_data: the channel). */
void channel_send(void *user_data, struct chunk *chunk);
void channel_send_error(void *user_data, struct chunk *chunk);
void channel_credit(void *user_data, size_t size);
void channel_finish(void *user_data, uint32_t exit_status);
void channel_want_flush(void *user_data);

/* Starts a session on the channel; `command` is what channel_exec runs. False: it cannot be. */
bool channel_open(struct conn *c, struct ssh_channel *channel, const struct channel_kind *kind,
                  struct slice command);
/* Lets the sessions' engines hand over what they have, and ends those whose channels are closed. */
void channels_settle(struct conn *c);
/* Ends what is draining: it has had its time. */
void channels_give_up(struct conn *c);
bool channels_are_draining(const struct conn *c);
void channels_trim(struct conn *c);
bool channels_are_open(const struct conn *c);
/* No operation runs and no file is open. */
bool channels_are_idle(const struct conn *c);

#endif
