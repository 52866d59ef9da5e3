#include "server/ssh/channel.h"

#include <errno.h>

#include "base/mem.h"
#include "loop/clock.h"
#include "os/charset.h"
#include "server/server.h"
#include "sftp/sftp.h"

static struct channel *channel_of_host(struct session_host *host)
{
    return CONTAINER_OF(host, struct channel, host);
}

static struct channel *channel_of_link(struct list *link)
{
    return CONTAINER_OF(link, struct channel, link);
}

/* ---- The session's host ---- */

static void host_offload(struct session_host *host, struct op *op)
{
    loop_offload(&channel_of_host(host)->conn->loop->loop, op);
}

static void host_wake(struct session_host *host, struct op *op)
{
    /* Once it is in the inbox the session may end, and the channel with it: nothing is touched
     * after that. */
    loop_give_op(&channel_of_host(host)->conn->loop->loop, op);
}

static uint64_t host_now_ns(struct session_host *host)
{
    (void)host;
    return loop_now_ns();
}

static void host_deliver(struct session_host *host, struct op *op)
{
    struct conn *c = channel_of_host(host)->conn;
    conn_pin(c);
    session_deliver(op);
    conn_make_ready(c);
    conn_unpin(c);
}

/* ---- What engines tell ---- */

void channel_send(void *user_data, struct chunk *chunk)
{
    struct channel *ch = user_data;
    if (!ch->ssh_channel) {
        chunk->release(chunk);
        return;
    }
    ssh_channel_send(ch->ssh_channel, chunk);
    ch->conn->has_news = true;
}

void channel_send_error(void *user_data, struct chunk *chunk)
{
    struct channel *ch = user_data;
    if (!ch->ssh_channel) {
        chunk->release(chunk);
        return;
    }
    ssh_channel_send_error(ch->ssh_channel, chunk);
    ch->conn->has_news = true;
}

void channel_credit(void *user_data, size_t size)
{
    struct channel *ch = user_data;
    ch->owed -= size < ch->owed ? size : ch->owed;
    if (ch->ssh_channel)
        ssh_channel_credit(ch->ssh_channel, size);
    ch->conn->has_news = true;
}

void channel_finish(void *user_data, uint32_t exit_status)
{
    struct channel *ch = user_data;
    ch->is_finished = true;
    if (ch->ssh_channel)
        ssh_channel_finish(ch->ssh_channel, exit_status);
    ch->conn->has_news = true;
}

void channel_want_flush(void *user_data)
{
    struct channel *ch = user_data;
    ch->conn->has_news = true; /* a turn is under way, or this one asks for it */
    conn_make_ready(ch->conn);
}

/* ---- The SFTP engine ---- */

static void sftp_is_broken(void *user_data, const char *detail)
{
    (void)detail; /* logged by the engine */
    channel_finish(user_data, 1);
}

static void sftp_is_finished(void *user_data)
{
    channel_finish(user_data, 0);
}

static sally_error make_sftp(struct channel *ch, struct slice command)
{
    static const struct sftp_events events = {
        .send = channel_send,
        .credit = channel_credit,
        .broken = sftp_is_broken,
        .finished = sftp_is_finished,
        .want_flush = channel_want_flush,
    };
    const struct settings *s = ch->settings;
    const char *charset = s->sftp_filename_charset;
    if (charset[0] && !os_charset_is_utf8(charset)) {
        ch->charset = os_charset_open(charset);
        if (!ch->charset)
            return errno == ENOMEM ? SALLY_E_NO_MEMORY : SALLY_E_UNSUPPORTED;
    }
    const struct sftp_options options = {
        .max_version = (uint32_t)s->sftp_max_version,
        .max_packet = (uint32_t)s->sftp_max_packet,
        .max_read = (uint32_t)s->sftp_max_read,
        .max_write = (uint32_t)s->sftp_max_write,
        .max_names = (uint32_t)s->sftp_max_names,
        .umask_version = (uint32_t)s->sftp_umask_version,
        .list_dots = s->sftp_list_dots != 0,
        .max_unsent = 1,
        .allow_requests = s->sftp_allow_requests[0] ? s->sftp_allow_requests : NULL,
        .deny_requests = s->sftp_deny_requests[0] ? s->sftp_deny_requests : NULL,
        .filename_charset = charset[0] ? charset : NULL,
        .charset = ch->charset,
        .wall_seconds = clock_sftp_seconds,
    };
    struct sftp *sftp;
    (void)command;
    sally_error error = sftp_new(&sftp, ch->session, &options, &events, ch);
    if (!error)
        ch->engine = sftp;
    return error;
}

static void input_sftp(struct channel *ch, const uint8_t *data, size_t size)
{
    sftp_input(ch->engine, data, size);
}

static void eof_sftp(struct channel *ch)
{
    sftp_eof(ch->engine);
}

static void flush_sftp(struct channel *ch)
{
    sftp_flush(ch->engine);
}

static void trim_sftp(struct channel *ch)
{
    sftp_trim(ch->engine);
}

static void end_sftp(struct channel *ch, uint32_t reason, void (*on_gone)(void *user_data))
{
    sftp_close(ch->engine, reason, on_gone, ch);
}

const struct channel_kind channel_sftp = {NULL,       make_sftp, input_sftp, eof_sftp,
                                          flush_sftp, trim_sftp, end_sftp};

/* ---- Life ---- */

static void on_gone(void *user_data)
{
    struct channel *ch = user_data;
    struct conn *c = ch->conn;
    counter_sub(&c->server->counters.sessions_now, 1);
    list_remove(&ch->link);
    count_sub(&c->server->limits.buffered_bytes, ch->charged);
    settings_unref(ch->settings);
    os_charset_close(ch->charset);
    mem_free(ch);
    conn_make_ready(c); /* it may have been what a shutdown waits for */
    conn_unpin(c);
}

static sally_error make_session(struct channel *ch)
{
    struct conn *c = ch->conn;
    const struct settings *s = ch->settings;
    size_t bytes = (size_t)s->limits_session_bytes;
    size_t largest = (size_t)s->sftp_max_read + 64 * 1024;
    uint32_t allowed = ch->kind->permissions ? ch->kind->permissions(s) : UINT32_MAX;
    const struct session_options options = {
        .user = c->login.user,
        .home = c->login.home,
        .peer = &c->peer,
        .fs = c->login.fs,
        .permissions = c->login.permissions & allowed,
        .id = atomic_fetch_add_explicit(&c->server->next_session_id, 1, memory_order_relaxed),
        .max_operations = (uint32_t)s->limits_operations,
        .max_files = (uint32_t)s->limits_open_files,
        .max_bytes = bytes > largest ? bytes : largest,
        .hooks = &c->server->hooks,
        .log = &c->server->log,
        .counters = &c->server->counters,
    };
    return session_new(&ch->session, &ch->host, &options);
}

static void on_unborn_gone(void *user_data)
{
    (void)user_data;
}

/* A session outlives its channel until the storage has given its last answer. Those that wait for
 * it count too, or one client could have any number of them, each with a worker that is stuck. */
static bool has_room(const struct conn *c)
{
    uint64_t count = 0;
    LIST_EACH (item, &c->channels)
        count++;
    return count < c->settings->limits_channels;
}

bool channel_open(struct conn *c, struct ssh_channel *channel, const struct channel_kind *kind,
                  struct slice command)
{
    struct channel *ch = has_room(c) ? mem_zalloc(sizeof *ch) : NULL;
    if (!ch)
        return false;
    ch->host = (struct session_host){.offload = host_offload,
                                     .wake = host_wake,
                                     .deliver = host_deliver,
                                     .now_ns = host_now_ns,
                                     .yields = true,
                                     .lane = c->login.lane};
    ch->conn = c;
    ch->kind = kind;
    ch->settings = settings_ref(c->settings);
    sally_error error = make_session(ch);
    if (!error) {
        error = kind->make(ch, command);
        if (error) /* nothing was done in it: it is gone at once */
            session_close(ch->session, SALLY_CLOSED_BY_SERVER, on_unborn_gone, NULL);
    }
    if (error) {
        settings_unref(ch->settings);
        os_charset_close(ch->charset);
        mem_free(ch);
        return false;
    }
    ch->ssh_channel = channel;
    ssh_channel_set_data(channel, ch);
    list_append(&c->channels, &ch->link);
    conn_pin(c);
    counter_add(&c->server->counters.sessions_now, 1);
    return true;
}

void channel_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    (void)user_data;
    struct channel *ch = ssh_channel_data(channel);
    ch->owed += size;
    ch->kind->input(ch, data, size);
    ch->conn->has_news = true;
}

void channel_eof(void *user_data, struct ssh_channel *channel)
{
    (void)user_data;
    struct channel *ch = ssh_channel_data(channel);
    ch->kind->eof(ch);
}

/* Whoever was cut off expects that what it sent is not lost. */
static bool may_drain(const struct conn *c)
{
    return c->end_reason == 0 || c->end_reason == SALLY_END_BY_CLIENT ||
           c->end_reason == SALLY_END_LOST || c->end_reason == SALLY_END_TIMEOUT;
}

/* Its window goes back to the server's memory, but what came through it is still there. */
static void start_draining(struct channel *ch)
{
    struct conn *c = ch->conn;
    if (!may_drain(c) || !count_add(&c->server->limits.buffered_bytes, ch->owed,
                                    ch->settings->limits_buffered_bytes))
        return;
    ch->charged = ch->owed;
    ch->is_draining = true;
    session_drain(ch->session);
}

void channel_closed(void *user_data, struct ssh_channel *channel)
{
    (void)user_data;
    struct channel *ch = ssh_channel_data(channel);
    if (!ch)
        return;
    ch->ssh_channel =
        NULL; /* the session ends when no engine is in the middle of something: channels_settle() */
    if (!ch->is_finished)
        start_draining(ch);
    ch->conn->has_news = true;
}

static void end_session(struct channel *ch)
{
    bool by_server = ch->conn->end_reason == SALLY_END_BY_SERVER;
    ch->is_ending = true;
    ch->kind->end(ch, by_server ? SALLY_CLOSED_BY_SERVER : SALLY_CLOSED_LOST, on_gone);
}

/* Its files need not stay open until the peer has closed its side, too. */
static void let_go_of_channel(struct channel *ch)
{
    ssh_channel_set_data(ch->ssh_channel, NULL);
    ch->ssh_channel = NULL;
    start_draining(ch); /* an engine that breaks off leaves what came before that */
}

static bool is_done(const struct channel *ch)
{
    return !ch->is_draining || (ch->is_finished && session_in_flight(ch->session) == 0);
}

static void settle(struct channel *ch)
{
    ch->is_draining = ch->is_draining && may_drain(ch->conn);
    if (ch->ssh_channel)
        ch->kind->flush(ch);
    else if (ch->is_draining)
        ch->kind->eof(ch);
    if (ch->is_finished && ch->ssh_channel)
        let_go_of_channel(ch);
    if (!ch->ssh_channel && is_done(ch))
        end_session(ch);
}

void channels_settle(struct conn *c)
{
    conn_pin(c);
    LIST_EACH (item, &c->channels) {
        struct channel *ch = channel_of_link(item);
        if (!ch->is_ending)
            settle(ch);
    }
    conn_unpin(c);
}

void channels_give_up(struct conn *c)
{
    LIST_EACH (item, &c->channels)
        channel_of_link(item)->is_draining = false;
    conn_make_ready(c);
}

bool channels_are_draining(const struct conn *c)
{
    LIST_EACH (item, &c->channels)
        if (channel_of_link(item)->is_draining && !channel_of_link(item)->is_ending)
            return true;
    return false;
}

void channels_trim(struct conn *c)
{
    LIST_EACH (item, &c->channels) {
        struct channel *ch = channel_of_link(item);
        if (!ch->is_ending)
            ch->kind->trim(ch);
    }
}

bool channels_are_open(const struct conn *c)
{
    LIST_EACH (item, &c->channels)
        if (channel_of_link(item)->ssh_channel)
            return true;
    return false;
}

bool channels_are_idle(const struct conn *c)
{
    LIST_EACH (item, &c->channels) {
        const struct channel *ch = channel_of_link(item);
        if (ch->is_ending || session_in_flight(ch->session) || session_file_count(ch->session))
            return false;
    }
    return true;
}
