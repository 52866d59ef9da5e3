/* A channel with the sftp subsystem. */
#include <errno.h>

#include "loop/clock.h"
#include "os/charset.h"
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

static sally_error make(struct channel *ch, struct slice command)
{
    static const struct sftp_events events = {
        .send = channel_send,
        .credit = channel_credit,
        .broken = on_broken,
        .finished = on_finished,
        .want_flush = channel_want_flush,
    };
    const struct settings *s = ch->session.settings;
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

static void end(struct conn_session *s, uint32_t reason, void (*on_gone)(void *user_data))
{
    sftp_close(channel_of_session(s)->engine, reason, on_gone, s);
}

const struct channel_kind channel_sftp = {
    .make = make,
    .input = input,
    .session = {flush, input_end, trim, channel_detach_session, end, channel_free_session},
};
