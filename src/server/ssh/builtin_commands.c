/* A channel with a command: scp, a digest, or one that is refused with a message. */
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "core/request_policy.h"
#include "os/heap.h"
#include "scp/scp.h"
#include "server/ssh/channel.h"

static struct request_policy policy_of(const struct settings *s)
{
    return (struct request_policy){
        .allow = s->sftp.allow_requests[0] ? s->sftp.allow_requests : NULL,
        .deny = s->sftp.deny_requests,
    };
}

static uint32_t permissions(const struct settings *s)
{
    const struct request_policy policy = policy_of(s);
    return request_policy_permissions(&policy);
}

/* df has no permission of its own. */
static bool may_tell_space(const struct settings *s)
{
    const struct request_policy policy = policy_of(s);
    return !(request_policy_denied_kinds(&policy) & SALLY_OP_BIT(SALLY_OP_STATVFS));
}

static uint32_t allowed_commands(const struct settings *s)
{
    uint32_t allowed = 0;
    for (uint32_t i = 0; scp_command_name(i); i++)
        if (names_have(slice_of(s->scp.commands), slice_of(scp_command_name(i))) &&
            (strcmp(scp_command_name(i), "df") != 0 || may_tell_space(s)))
            allowed |= UINT32_C(1) << i;
    return allowed;
}

static sally_error make(struct channel *ch, struct slice command)
{
    static const struct scp_events events = {
        .send = channel_send,
        .send_error = channel_send_error,
        .credit = channel_credit,
        .uploading = channel_uploading,
        .finished = channel_finish,
        .want_flush = channel_want_flush,
    };
    const struct scp_options options = {
        .allowed = allowed_commands(ch->session.settings),
        .free_large = os_free_pages,
    };
    struct scp *scp;
    sally_error error = scp_new(&scp, ch->session.session, command, &options, &events, ch);
    if (!error)
        ch->engine = scp;
    return error;
}

static void input(struct channel *ch, const uint8_t *data, size_t size)
{
    scp_input(ch->engine, data, size);
}

static void input_end(struct conn_session *s)
{
    scp_eof(channel_of_session(s)->engine);
}

static void flush(struct conn_session *s)
{
    scp_flush(channel_of_session(s)->engine);
}

static void trim(struct conn_session *s)
{
    scp_trim(channel_of_session(s)->engine);
}

static void end(struct conn_session *s, uint32_t reason, void (*on_closed)(void *user_data))
{
    scp_close(channel_of_session(s)->engine, reason, on_closed, s);
}

const struct channel_kind channel_exec = {
    .permissions = permissions,
    .make = make,
    .input = input,
    .session = {flush, input_end, trim, channel_detach_session, end, channel_free_session},
};
