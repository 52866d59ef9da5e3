#include "server/conn_hooks.h"

#include "server/conn.h"
#include "server/server.h"

bool conn_hooks_requested(struct conn *c)
{
    const struct hook_stack *hooks = &c->server->hooks;
    for (size_t i = 0; i < hooks->count; i++) {
        const sally_hooks *set = &hooks->sets[i];
        if (set->connection_requested && !set->connection_requested(set->user_data, &c->pub))
            return false;
    }
    return true;
}

bool conn_hooks_version_received(struct conn *c, const char *line)
{
    const struct hook_stack *hooks = &c->server->hooks;
    for (size_t i = 0; i < hooks->count; i++) {
        const sally_hooks *set = &hooks->sets[i];
        if (set->version_received && !set->version_received(set->user_data, &c->pub, line))
            return false;
    }
    return true;
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

void conn_hooks_disconnected(struct conn *c)
{
    const struct hook_stack *hooks = &c->server->hooks;
    for (size_t i = hooks->count; i-- > 0;)
        if (hooks->sets[i].disconnected)
            hooks->sets[i].disconnected(hooks->sets[i].user_data, &c->pub, c->end_reason,
                                        c->end_detail);
}
