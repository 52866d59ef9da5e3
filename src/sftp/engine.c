/* The engine's life, and the calls of its owner. */
#include "sftp/engine.h"

/* What an engine without work keeps for the next request, until sftp_trim(): as much as requests
 * that follow upon each other need. */
#define CACHE_WHEN_IDLE ((size_t)4 * 1024 * 1024)
#define LEAST_PACKET    34000u /* draft-13 section 4: what every server should take */

static void free_engine(struct sftp *s)
{
    handles_clear(&s->handles);
    blocks_free(s->blocks);
    mem_free(s);
}

static void enter(struct sftp *s)
{
    s->depth++;
}

/* The owner may have closed the engine from inside an event. */
static void leave(struct sftp *s)
{
    if (--s->depth == 0 && s->gone)
        free_engine(s);
}

static bool is_idle(const struct sftp *s)
{
    return s->active == 0 && list_empty(&s->blocks->in_use);
}

/* Whether the peer has said everything, and has its answers. */
static bool is_finished(struct sftp *s)
{
    if (!s->ended || s->active)
        return false;
    if (!input_is_held(s))
        input_drop(s); /* what could start has started: this is a piece of a request */
    return s->waiting.size == 0;
}

static void tell(struct sftp *s)
{
    if (s->told)
        return;
    if (s->state == BROKEN) {
        input_drop(s);
        s->told = true;
        s->events.broken(s->user_data, s->broken);
    } else if (is_finished(s)) {
        s->told = true;
        s->events.finished(s->user_data);
    }
}

/* Goes on until nothing moves: what is handed over may come back at once and make room for more. */
static void settle(struct sftp *s)
{
    bool moved = true;
    while (moved && !s->closing) {
        moved = s->state != BROKEN && input_resume(s);
        moved |= reply_hand_over(s);
    }
    if (!s->closing)
        tell(s);
    if (!s->closing && is_idle(s))
        blocks_trim(s->blocks, CACHE_WHEN_IDLE);
}

/* A chunk came back, which may let waiting requests start. */
static void on_release(void *user_data)
{
    struct sftp *s = user_data;
    bool work = s->waiting.size || s->batch || !list_empty(&s->ready) || s->credit || s->ended;
    if (s->depth || s->closing || !work)
        return;
    if (s->events.want_flush)
        s->events.want_flush(s->user_data);
    else
        sftp_flush(s);
}

sally_error sftp_new(struct sftp **out, sally_session *session, const struct sftp_options *options,
                     const struct sftp_events *events, void *user_data)
{
    *out = NULL;
    const struct sftp_settings *settings = &options->settings;
    if (settings->max_version < 3 || settings->max_version > 6 ||
        settings->max_packet < LEAST_PACKET || settings->max_names < 1024 || settings->max_read < 1)
        return SALLY_E_RANGE;
    struct sftp *s = mem_zalloc(sizeof *s);
    if (!s)
        return SALLY_E_NO_MEMORY;
    s->blocks = blocks_new(on_release, s, options->free_large);
    if (!s->blocks) {
        mem_free(s);
        return SALLY_E_NO_MEMORY;
    }
    s->session = session;
    s->options = *options;
    s->events = *events;
    s->user_data = user_data;
    s->state = AWAIT_INIT;
    s->version = 3;
    s->naming.charset = options->charset;
    s->quirks = quirks_of(sally_session_peer(session)->client_software);
    list_init(&s->ready);
    handles_init(&s->handles, session_max_files(session) ? session_max_files(session) : UINT32_MAX);
    requests_read_lists(s);
    *out = s;
    return SALLY_E_OK;
}

void sftp_send_data(struct sftp *s)
{
    enter(s);
    reply_send(s);
    leave(s);
}

void sftp_break(struct sftp *s, const char *detail)
{
    if (s->state == BROKEN)
        return;
    s->state = BROKEN;
    s->broken = detail;
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_INFO, "sftp.broken",
             NULL, 0, "SFTP ends: %s", detail);
}

void sftp_input(struct sftp *s, const uint8_t *data, size_t size)
{
    if (s->state == BROKEN || s->closing || s->ended)
        return;
    enter(s);
    input_take(s, data, size);
    if (s->state == BROKEN)
        settle(s);
    leave(s);
}

void sftp_eof(struct sftp *s)
{
    s->ended = true;
    sftp_flush(s);
}

void sftp_flush(struct sftp *s)
{
    if (s->closing)
        return;
    enter(s);
    settle(s);
    leave(s);
}

void sftp_trim(struct sftp *s)
{
    if (!s->closing)
        blocks_trim(s->blocks, 0);
}

static void on_session_gone(void *user_data)
{
    struct sftp *s = user_data;
    void (*on_gone)(void *) = s->on_gone;
    void *gone_user_data = s->gone_user_data;
    s->gone = true;
    if (s->depth == 0)
        free_engine(s);
    if (on_gone)
        on_gone(gone_user_data);
}

void sftp_close(struct sftp *s, uint32_t reason, void (*on_gone)(void *user_data), void *user_data)
{
    enter(s);
    s->closing = true;
    s->on_gone = on_gone;
    s->gone_user_data = user_data;
    session_close(s->session, reason, on_session_gone,
                  s); /* first: ending operations must not start others */
    input_drop(s);
    ahead_drop(s, NULL);
    reply_drop(s);
    blocks_end_ops(s->blocks);
    leave(s);
}

sally_session *sftp_session(struct sftp *s)
{
    return s->session;
}
