#include "server/ssh/session_request.h"

#include "base/mem.h"
#include "server/conn_hooks.h"
#include "server/server.h"
#include "server/ssh/channel.h"
#include "server/ssh/program.h"

/* The request as passed to hooks, in one piece of memory with its texts. */
struct session_request {
    sally_session_request pub;
    struct ssh_line *line;       /* valid as long as the connection has one */
    struct ssh_channel *channel; /* likewise: the engine is held while it is asked about */
    char *end;                   /* of the texts so far */
    sally_env env[];
};

static char *add_text(struct session_request *r, struct slice text)
{
    char *place = r->end;
    if (text.size)
        memcpy(place, text.data, text.size);
    place[text.size] = '\0';
    r->end += text.size + 1;
    return place;
}

static void add_env(struct session_request *r, struct slice pairs, uint32_t count)
{
    struct cursor c = cursor_of_slice(pairs);
    for (uint32_t i = 0; i < count; i++) {
        r->env[i].name = add_text(r, get_string(&c));
        r->env[i].value = add_text(r, get_string(&c));
    }
    r->pub.env = r->env;
    r->pub.env_count = count;
}

static struct session_request *new_request(struct ssh_line *line, struct ssh_channel *channel,
                                           uint32_t kind, struct slice name)
{
    uint32_t count;
    struct slice pairs = ssh_channel_env(channel, &count);
    /* The length in front of each variable's text is more than its NUL needs. */
    struct session_request *r =
        mem_zalloc(sizeof *r + count * sizeof *r->env + pairs.size + name.size + 1);
    if (!r)
        return NULL;
    r->line = line;
    r->channel = channel;
    r->end = (char *)&r->env[count];
    r->pub.struct_size = sizeof r->pub;
    r->pub.kind = kind;
    r->pub.name = add_text(r, name);
    add_env(r, pairs, count);
    r->pub.channel = program_new(line->conn);
    if (r->pub.channel)
        return r;
    mem_free(r);
    return NULL;
}

/* If the channel was accepted but not granted, `closed` is called. */
static void free_request(struct session_request *r)
{
    program_turn_away(r->pub.channel);
    sally_channel_unref(r->pub.channel);
    mem_free(r);
}

static bool serve(struct ssh_line *line, struct ssh_channel *channel, uint32_t kind,
                  struct slice name)
{
    if (kind != SALLY_SESSION_SUBSYSTEM)
        return channel_open(line, channel, &channel_exec, name, NULL);
    return slice_is(name, "sftp") && channel_open(line, channel, &channel_sftp, name, NULL);
}

static bool grant(struct session_request *r, sally_status status)
{
    struct slice name = slice_of(r->pub.name);
    if (status == SALLY_CONTINUE)
        return serve(r->line, r->channel, r->pub.kind, name);
    return status == SALLY_OK && program_is_accepted(r->pub.channel) &&
           channel_open(r->line, r->channel, &channel_program, name, r->pub.channel);
}

static void on_answered(struct conn *c, void *argument, sally_status status)
{
    struct session_request *r = argument;
    if (c->line && !c->line->methods->is_over(c->line)) {
        ssh_channel_answer(r->channel, grant(r, status));
        conn_make_ready(c);
    }
    free_request(r);
}

static enum ssh_answer ask(struct ssh_line *line, struct ssh_channel *channel, uint32_t kind,
                           struct slice name)
{
    static const struct hook_question_kind session = {conn_hooks_ask_session, on_answered};
    if (!conn_hooks_watch_sessions(line->conn))
        return serve(line, channel, kind, name) ? SSH_YES : SSH_NO;
    struct session_request *r = new_request(line, channel, kind, name);
    if (!r)
        return SSH_NO;
    sally_status status = hook_question_ask(line->conn, &session, r);
    if (status == SALLY_PENDING)
        return SSH_LATER;
    bool ok = grant(r, status);
    free_request(r);
    return ok ? SSH_YES : SSH_NO;
}

enum ssh_answer session_request_subsystem(void *user_data, struct ssh_channel *channel,
                                          struct slice name)
{
    return ask(user_data, channel, SALLY_SESSION_SUBSYSTEM, name);
}

enum ssh_answer session_request_exec(void *user_data, struct ssh_channel *channel,
                                     struct slice command)
{
    uint32_t kind = command.size ? SALLY_SESSION_EXEC : SALLY_SESSION_SHELL;
    return ask(user_data, channel, kind, command);
}
