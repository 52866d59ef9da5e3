/* A session channel with the sftp subsystem or a command: connects the SSH channel, its engine and
 * its session. */
#ifndef SALLY_SERVER_SSH_CHANNEL_H
#define SALLY_SERVER_SSH_CHANNEL_H

#include "server/conn_session.h"
#include "server/ssh/line.h"

struct channel;

/* What runs on a channel. */
struct channel_kind {
    /* The permissions that the settings leave to the user; NULL: all. */
    uint32_t (*permissions)(const struct settings *s);
    /* Creates ch->engine on top of the session, which belongs to the engine from then on, unless
     * this fails. */
    sally_error (*make)(struct channel *ch, struct slice command);
    void (*input)(struct channel *ch, const uint8_t *data, size_t size);
    struct conn_session_methods session;
};

extern const struct channel_kind channel_sftp, channel_exec, channel_program;

struct channel {
    struct conn_session session;
    struct ssh_line *line;           /* NULL: the channel is closed */
    struct ssh_channel *ssh_channel; /* NULL: likewise */
    uint32_t window;                 /* at first */
    const struct channel_kind *kind;
    void *engine;            /* the kind's */
    struct charset *charset; /* of file names: owned here, lent to the engine; NULL: none */
};

struct channel *channel_of_session(struct conn_session *s);

/* Starts a session on the channel; `command` is what channel_exec runs, `engine` what is there
 * already of a channel_program (its sally_channel). False: it failed. */
bool channel_open(struct ssh_line *line, struct ssh_channel *channel,
                  const struct channel_kind *kind, struct slice command, void *engine);

/* The SSH engine's events (user_data: the line). */
void channel_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size);
void channel_eof(void *user_data, struct ssh_channel *channel);
void channel_closed(void *user_data, struct ssh_channel *channel);

/* Events of the engines for sessions (user_data: the channel). */
void channel_send(void *user_data, struct chunk *chunk);
void channel_send_error(void *user_data, struct chunk *chunk);
void channel_credit(void *user_data, size_t size);
void channel_uploading(void *user_data, bool begins);
void channel_finish(void *user_data, uint32_t exit_status);
void channel_want_flush(void *user_data);

/* Methods that both kinds of session share. */
void channel_detach_session(struct conn_session *s);
void channel_free_session(struct conn_session *s);

#endif
