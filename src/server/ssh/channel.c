#include "server/ssh/channel.h"

#include "base/mem.h"
#include "os/charset.h"
#include "server/server.h"

struct channel *channel_of_session(struct conn_session *s)
{
    return CONTAINER_OF(s, struct channel, session);
}

/* The engine for the connection has something to do. */
static void note_news(struct channel *ch)
{
    if (ch->line)
        ch->line->engine_pending = true;
}

/* ---- Events of the engines for sessions ---- */

void channel_send(void *user_data, struct chunk *chunk)
{
    struct channel *ch = user_data;
    if (!ch->ssh_channel) {
        chunk->release(chunk);
        return;
    }
    ssh_channel_send(ch->ssh_channel, chunk);
    note_news(ch);
}

void channel_send_error(void *user_data, struct chunk *chunk)
{
    struct channel *ch = user_data;
    if (!ch->ssh_channel) {
        chunk->release(chunk);
        return;
    }
    ssh_channel_send_error(ch->ssh_channel, chunk);
    note_news(ch);
}

void channel_credit(void *user_data, size_t size)
{
    struct channel *ch = user_data;
    size_t owed = ch->session.owed;
    ch->session.owed -= size < owed ? size : owed;
    if (ch->ssh_channel)
        ssh_channel_credit(ch->ssh_channel, size);
    note_news(ch);
}

void channel_uploading(void *user_data, bool begins)
{
    struct channel *ch = user_data;
    if (ch->ssh_channel)
        ssh_channel_expect(ch->ssh_channel, begins ? ch->session.settings->ssh.window_upload : 0);
    note_news(ch);
}

void channel_finish(void *user_data, uint32_t exit_status)
{
    struct channel *ch = user_data;
    if (ch->ssh_channel)
        ssh_channel_finish(ch->ssh_channel, exit_status);
    conn_session_finish(&ch->session);
    note_news(ch);
}

void channel_want_flush(void *user_data)
{
    struct channel *ch = user_data;
    conn_session_make_ready(&ch->session);
    conn_make_ready(ch->session.conn);
}

/* ---- Life ---- */

void channel_free_session(struct conn_session *s)
{
    struct channel *ch = channel_of_session(s);
    os_charset_close(ch->charset);
    mem_free(ch);
}

bool channel_open(struct ssh_line *line, struct ssh_channel *channel,
                  const struct channel_kind *kind, struct slice command, void *engine)
{
    struct conn *c = line->conn;
    struct channel *ch = mem_zalloc(sizeof *ch);
    if (!ch)
        return false;
    ch->kind = kind;
    ch->engine = engine;
    ch->window = ssh_channel_window(channel);
    ch->session.methods = &kind->session;
    uint32_t permissions = kind->permissions ? kind->permissions(c->settings) : UINT32_MAX;
    if (!conn_session_init(&ch->session, c, permissions)) {
        mem_free(ch);
        return false;
    }
    if (kind->make(ch, command) != SALLY_E_OK) {
        conn_session_abort(&ch->session);
        channel_free_session(&ch->session);
        return false;
    }
    ch->line = line;
    ch->ssh_channel = channel;
    ssh_channel_set_data(channel, ch);
    conn_session_start(&ch->session);
    return true;
}

void channel_detach_session(struct conn_session *s)
{
    struct channel *ch = channel_of_session(s);
    ssh_channel_set_data(ch->ssh_channel, NULL);
    ch->ssh_channel = NULL;
    ch->line = NULL;
}

/* ---- The SSH engine's events ---- */

void channel_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    (void)user_data;
    struct channel *ch = ssh_channel_data(channel);
    ch->session.owed += size;
    ch->kind->input(ch, data, size);
    conn_session_make_ready(&ch->session);
}

void channel_eof(void *user_data, struct ssh_channel *channel)
{
    (void)user_data;
    struct channel *ch = ssh_channel_data(channel);
    ch->kind->session.input_end(&ch->session);
    conn_session_make_ready(&ch->session);
}

void channel_closed(void *user_data, struct ssh_channel *channel)
{
    (void)user_data;
    struct channel *ch = ssh_channel_data(channel);
    if (!ch)
        return;
    ch->ssh_channel = NULL;
    ch->line = NULL;
    conn_session_detach(&ch->session);
}
