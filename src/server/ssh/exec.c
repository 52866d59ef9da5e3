/* A channel with a command: scp, or a digest, or what is refused with a text. */
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "scp/scp.h"
#include "server/ssh/channel.h"

/* What a request that the settings deny stands for: no other way may lead there. */
static const struct {
    const char *request;
    uint32_t permissions;
} requests[] = {
    {"open", SALLY_MAY_READ | SALLY_MAY_WRITE | SALLY_MAY_CREATE},
    {"read", SALLY_MAY_READ},
    {"write", SALLY_MAY_WRITE | SALLY_MAY_CREATE},
    {"opendir", SALLY_MAY_LIST},
    {"readdir", SALLY_MAY_LIST},
    {"stat", SALLY_MAY_STAT},
    {"setstat", SALLY_MAY_SETSTAT},
    {"fsetstat", SALLY_MAY_SETSTAT},
    {"mkdir", SALLY_MAY_MKDIR},
};

/* The extension that df stands for, which has no permission of its own. */
static const char *const space_names[] = {"statvfs", "statvfs@openssh.com"};

static bool is_listed(const char *names, const char *name)
{
    return names_have(slice_of(names), slice_of(name));
}

static uint32_t permissions(const struct settings *s)
{
    uint32_t allowed = SALLY_MAY_ALL;
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        if (is_listed(s->sftp.deny_requests, requests[i].request) ||
            (s->sftp.allow_requests[0] && !is_listed(s->sftp.allow_requests, requests[i].request)))
            allowed &= ~requests[i].permissions;
    return allowed;
}

static bool may_tell_space(const struct settings *s)
{
    bool allowed = s->sftp.allow_requests[0] == '\0', denied = false;
    for (size_t i = 0; i < COUNT_OF(space_names); i++) {
        allowed |= is_listed(s->sftp.allow_requests, space_names[i]);
        denied |= is_listed(s->sftp.deny_requests, space_names[i]);
    }
    return allowed && !denied;
}

static uint32_t allowed_commands(const struct settings *s)
{
    uint32_t allowed = 0;
    for (uint32_t i = 0; scp_command_name(i); i++)
        if (is_listed(s->scp.commands, scp_command_name(i)) &&
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
        .finished = channel_finish,
        .want_flush = channel_want_flush,
    };
    struct scp *scp;
    sally_error error = scp_new(&scp, ch->session.session, command,
                                allowed_commands(ch->session.settings), &events, ch);
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

static void end(struct conn_session *s, uint32_t reason, void (*on_gone)(void *user_data))
{
    scp_close(channel_of_session(s)->engine, reason, on_gone, s);
}

const struct channel_kind channel_exec = {
    .permissions = permissions,
    .make = make,
    .input = input,
    .session = {flush, input_end, trim, channel_detach_session, end, channel_free_session},
};
