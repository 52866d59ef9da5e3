#include "server/conn_hooks.h"

#include "server/conn.h"
#include "server/server.h"

sally_status conn_hooks_ask_admission(const sally_hooks *set, struct conn *c, const void *unused)
{
    (void)unused;
    return set->connection_requested ? set->connection_requested(set->user_data, &c->pub)
                                     : SALLY_CONTINUE;
}

sally_status conn_hooks_ask_version(const sally_hooks *set, struct conn *c, const void *line)
{
    return set->version_received ? set->version_received(set->user_data, &c->pub, line)
                                 : SALLY_CONTINUE;
}

sally_status conn_hooks_ask_session(const sally_hooks *set, struct conn *c, const void *request)
{
    return set->session_requested ? set->session_requested(set->user_data, &c->pub, request)
                                  : SALLY_CONTINUE;
}

bool conn_hooks_watch_sessions(const struct conn *c)
{
    const struct hook_stack *hooks = &c->server->hooks;
    for (size_t i = 0; i < hooks->count; i++)
        if (hooks->sets[i].session_requested)
            return true;
    return false;
}

static void connected(const sally_hooks *set, struct conn *c, const void *unused)
{
    (void)unused;
    if (set->connected)
        set->connected(set->user_data, &c->pub);
}

static void keys_exchanged(const sally_hooks *set, struct conn *c, const void *algorithms)
{
    if (set->keys_exchanged)
        set->keys_exchanged(set->user_data, &c->pub, algorithms);
}

static void authenticated(const sally_hooks *set, struct conn *c, const void *event)
{
    if (set->authenticated)
        set->authenticated(set->user_data, &c->pub, event);
}

static void tell(struct conn *c,
                 void (*hook)(const sally_hooks *set, struct conn *c, const void *argument),
                 const void *argument)
{
    const struct hook_stack *hooks = &c->server->hooks;
    for (size_t i = 0; i < hooks->count; i++)
        hook(&hooks->sets[i], c, argument);
}

void conn_hooks_connected(struct conn *c)
{
    tell(c, connected, NULL);
}

void conn_hooks_keys_exchanged(struct conn *c, const char *algorithms)
{
    tell(c, keys_exchanged, algorithms);
}

void conn_hooks_authenticated(struct conn *c, const sally_auth_event *event)
{
    tell(c, authenticated, event);
}

static void problem(const sally_hooks *set, struct conn *c, const void *argument)
{
    if (set->problem)
        set->problem(set->user_data, &c->pub, argument);
}

/* Its own stage says no more once it is closing. */
static uint32_t stage_of(const struct conn *c)
{
    if (c->is_logged_in)
        return SALLY_STAGE_OPEN;
    return c->facts.agreed.kex ? SALLY_STAGE_LOGIN : SALLY_STAGE_HANDSHAKE;
}

void conn_hooks_problem(struct conn *c, sally_error code, int system_error, const char *text)
{
    const sally_problem report = {.struct_size = sizeof report,
                                  .stage = stage_of(c),
                                  .code = code,
                                  .system_error = system_error,
                                  .text = text};
    tell(c, problem, &report);
}

void conn_hooks_end_problem(struct conn *c)
{
    static const sally_error codes[] = {
        [SALLY_END_LOST] = SALLY_E_CLOSED,       [SALLY_END_TIMEOUT] = SALLY_E_TIMEOUT,
        [SALLY_END_PROTOCOL] = SALLY_E_PROTOCOL, [SALLY_END_LIMIT] = SALLY_E_LIMIT,
        [SALLY_END_AUTH] = SALLY_E_LIMIT,
    };
    if (codes[c->end_reason])
        conn_hooks_problem(c, codes[c->end_reason], c->socket.error, c->end_detail);
}

void conn_hooks_disconnected(struct conn *c)
{
    const struct hook_stack *hooks = &c->server->hooks;
    for (size_t i = hooks->count; i-- > 0;)
        if (hooks->sets[i].disconnected)
            hooks->sets[i].disconnected(hooks->sets[i].user_data, &c->pub, c->end_reason,
                                        c->end_detail);
}
