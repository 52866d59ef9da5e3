/* The engine's life, and the calls of its owner. */
#include "sftp/sftp.h"

#include "sftp/engine.h"
#include "sftp/input.h"
#include "sftp/reply.h"
#include "sftp/request_lists.h"
#include "sftp/requests_dir.h"

/* The memory that an idle engine keeps for the next request, until sftp_trim(): as much as
 * consecutive requests need. */
#define CACHE_WHEN_IDLE ((size_t)4 * 1024 * 1024)
#define LEAST_PACKET    34000u /* draft-13 section 4: the least that every server should accept */

static bool is_idle(const struct sftp *s)
{
    return s->active == 0 && list_empty(&s->blocks->in_use);
}

/* Whether the peer has sent everything and got all replies. */
static bool is_finished(struct sftp *s)
{
    if (!s->ended || s->active)
        return false;
    if (!input_is_held(s))
        input_drop(s); /* everything complete has started: this is a partial request */
    return s->waiting.size == 0;
}

static void report_end(struct sftp *s)
{
    if (s->end_reported)
        return;
    if (s->state == BROKEN) {
        input_drop(s);
        s->end_reported = true;
        s->events.broken(s->user_data, s->broken);
    } else if (is_finished(s)) {
        s->end_reported = true;
        s->events.finished(s->user_data);
    }
}

/* Continues until there is no progress: chunks may return at once and make room for more. */
static void settle(struct sftp *s)
{
    bool moved = true;
    while (moved && !s->closing) {
        moved = s->state != BROKEN && input_resume(s);
        moved |= reply_hand_over(s);
    }
    if (!s->closing)
        report_end(s);
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
    s->blocks = blocks_new(on_release, s, options->free_large, session_memory(session));
    if (!s->blocks) {
        mem_free(s);
        return SALLY_E_NO_MEMORY;
    }
    s->session = session;
    session_set_protocol(session, "sftp");
    s->options = *options;
    s->events = *events;
    s->user_data = user_data;
    s->state = AWAIT_INIT;
    s->version = 3;
    s->naming.charset = options->charset;
    s->quirks = quirks_of(sally_session_peer(session)->client_software);
    list_init(&s->ready);
    handles_init(&s->handles, session_max_files(session) ? session_max_files(session) : UINT32_MAX);
    request_lists_apply(s);
    *out = s;
    return SALLY_E_OK;
}

void sftp_input(struct sftp *s, const uint8_t *data, size_t size)
{
    if (s->state == BROKEN || s->closing || s->ended)
        return;
    engine_enter(s);
    input_add(s, data, size);
    if (s->state == BROKEN)
        settle(s);
    engine_leave(s);
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
    engine_enter(s);
    settle(s);
    engine_leave(s);
}

void sftp_trim(struct sftp *s)
{
    if (!s->closing)
        blocks_trim(s->blocks, 0);
}

static void on_session_closed(void *user_data)
{
    struct sftp *s = user_data;
    void (*on_closed)(void *) = s->on_closed;
    void *closed_user_data = s->closed_user_data;
    engine_end(s);
    if (on_closed)
        on_closed(closed_user_data);
}

void sftp_close(struct sftp *s, uint32_t reason, void (*on_closed)(void *user_data),
                void *user_data)
{
    engine_enter(s);
    s->closing = true;
    s->on_closed = on_closed;
    s->closed_user_data = user_data;
    session_close(s->session, reason, on_session_closed,
                  s); /* first: ending operations must not start others */
    input_drop(s);
    read_ahead_drop(s, NULL);
    reply_drop(s);
    blocks_end_ops(s->blocks);
    engine_leave(s);
}

sally_session *sftp_session(struct sftp *s)
{
    return s->session;
}
