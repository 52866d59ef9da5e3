/* A channel with the sftp subsystem. */
#include <errno.h>

#include "loop/clock.h"
#include "os/charset.h"
#include "os/heap.h"
#include "server/ssh/channel.h"
#include "sftp/sftp.h"

static void on_broken(void *user_data, const char *detail)
{
    (void)detail; /* logged by the engine */
    channel_finish(user_data, 1);
}

static void on_finished(void *user_data)
{
    channel_finish(user_data, 0);
}

/* Empty values in the table are NULL for the engine, which distinguishes them from empty lists. */
static struct sftp_settings settings_of(const struct channel *ch)
{
    struct sftp_settings s = ch->session.settings->sftp;
    if (!*s.allow_requests)
        s.allow_requests = NULL;
    if (!*s.filename_charset)
        s.filename_charset = NULL;
    return s;
}

static sally_error make(struct channel *ch, struct slice command)
{
    static const struct sftp_events events = {
        .send = channel_send,
        .credit = channel_credit,
        .uploading = channel_uploading,
        .broken = on_broken,
        .finished = on_finished,
        .want_flush = channel_want_flush,
    };
    const char *charset = ch->session.settings->sftp.filename_charset;
    if (charset[0] && !os_charset_is_utf8(charset)) {
        ch->charset = os_charset_open(charset);
        if (!ch->charset)
            return errno == ENOMEM ? SALLY_E_NO_MEMORY : SALLY_E_UNSUPPORTED;
    }
    const struct sftp_options options = {
        .settings = settings_of(ch),
        .max_unsent = 1,
        .window = ch->window,
        .charset = ch->charset,
        .wall_seconds = clock_sftp_seconds,
        .free_large = os_free_pages,
    };
    struct sftp *sftp;
    (void)command;
    sally_error error = sftp_new(&sftp, ch->session.session, &options, &events, ch);
    if (!error)
        ch->engine = sftp;
    return error;
}

static void input(struct channel *ch, const uint8_t *data, size_t size)
{
    sftp_input(ch->engine, data, size);
}

static void input_end(struct conn_session *s)
{
    sftp_eof(channel_of_session(s)->engine);
}

static void flush(struct conn_session *s)
{
    sftp_flush(channel_of_session(s)->engine);
}

static void trim(struct conn_session *s)
{
    sftp_trim(channel_of_session(s)->engine);
}

static void end(struct conn_session *s, uint32_t reason, void (*on_closed)(void *user_data))
{
    sftp_close(channel_of_session(s)->engine, reason, on_closed, s);
}

const struct channel_kind channel_sftp = {
    .make = make,
    .input = input,
    .session = {flush, input_end, trim, channel_detach_session, end, channel_free_session},
};
